//! What can be done to a text.

/// Every text with one bit of one byte changed, one byte replaced, put in or taken out.
pub(crate) fn of_bytes(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let replaced = (0..text.len()).flat_map(move |at| {
        let old = text[at];
        let flipped = (0..8).map(move |bit| old ^ (1 << bit));
        let others = *b"\0\n\r\t +/=A0z\x7f\xc2\xff";
        let new = flipped.chain(others).filter(move |new| *new != old);
        new.map(move |new| {
            let mut changed = text.to_vec();
            changed[at] = new;
            changed
        })
    });
    let added = (0..=text.len()).flat_map(move |at| {
        b"\0\n\r A0=+".iter().map(move |new| {
            let mut changed = text.to_vec();
            changed.insert(at, *new);
            changed
        })
    });
    let taken = (0..text.len()).map(move |at| {
        let mut changed = text.to_vec();
        changed.remove(at);
        changed
    });
    replaced.chain(added).chain(taken)
}

/// Every beginning of a text that is not all of it, and every end.
pub(crate) fn cut(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let beginnings = (0..text.len()).map(move |length| text[..length].to_vec());
    let ends = (1..=text.len()).map(move |from| text[from..].to_vec());
    beginnings.chain(ends)
}

/// Every text with two lines swapped, or one left out, doubled or moved.
pub(crate) fn of_lines(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut all = Vec::new();
    for one in 0..lines.len() {
        let mut without = lines.clone();
        let line = without.remove(one);
        all.push(without.concat());
        for to in 0..=without.len() {
            let mut moved = without.clone();
            moved.insert(to, line);
            all.push(moved.concat());
        }
        for to in 0..=lines.len() {
            let mut doubled = lines.clone();
            doubled.insert(to, line);
            all.push(doubled.concat());
        }
        for other in 0..one {
            let mut swapped = lines.clone();
            swapped.swap(one, other);
            all.push(swapped.concat());
        }
    }
    all.retain(|changed| changed != text);
    all
}
