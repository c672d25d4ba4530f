//! What no intake would let through.
