//! Putting into order what nearly is, or what comes in runs that are.
//!
//! Facts come in order, so most of what follows from them does too; a sort that knows it takes one
//! look at each.

/// Sorts what is nearly in order; of equal ones the order is any.
pub(crate) fn sort_nearly<T: Copy, K: Ord>(all: &mut [T], key: impl Fn(&T) -> K) {
    // What is in order is moved together, and what is not is set aside.
    let mut late: Vec<T> = Vec::new();
    let mut kept = 0;
    for place in 0..all.len() {
        let next = all[place];
        if kept > 0 && key(&all[kept - 1]) > key(&next) {
            if kept > 1 && key(&all[kept - 2]) > key(&next) {
                late.push(next);
                continue;
            }
            // It is the one before that came too soon.
            kept -= 1;
            late.push(all[kept]);
        }
        all[kept] = next;
        kept += 1;
    }
    late.sort_unstable_by_key(&key);
    merge_into(all, kept, &late, key);
}

/// Merges what is in order up to a place, and what is not there yet, into the whole slice.
fn merge_into<T: Copy, K: Ord>(all: &mut [T], mut kept: usize, late: &[T], key: impl Fn(&T) -> K) {
    let mut end = kept + late.len();
    for next in late.iter().rev() {
        while kept > 0 && key(&all[kept - 1]) > key(next) {
            (end, kept) = (end - 1, kept - 1);
            all[end] = all[kept];
        }
        end -= 1;
        all[end] = *next;
    }
}

/// Runs that are in order, put together into one.
#[derive(Debug)]
pub(crate) struct Runs<T> {
    pub(crate) all: Vec<T>,
    /// Where the runs end that are not put together yet.
    ends: Vec<usize>,
    room: Vec<T>,
}

impl<T: Copy> Runs<T> {
    pub(crate) const fn new() -> Self {
        Self {
            all: Vec::new(),
            ends: Vec::new(),
            room: Vec::new(),
        }
    }

    pub(crate) fn clear(&mut self) {
        self.all.clear();
        self.ends.clear();
    }

    /// What was added since the last run is a run: it must be in order by itself.
    pub(crate) fn end_run<K: Ord>(&mut self, key: impl Fn(&T) -> K + Copy) {
        let start = self.ends.last().copied().unwrap_or_default();
        debug_assert!(self.all[start..].is_sorted_by_key(key));
        self.ends.push(self.all.len());
        // Runs of about the same length are put together, so that each is moved few times.
        while self.ends.len() > 1 {
            let [first, second, third] = self.last_two();
            if third - second < second - first {
                break;
            }
            self.merge(key);
        }
    }

    /// Puts all runs together.
    pub(crate) fn finish<K: Ord>(&mut self, key: impl Fn(&T) -> K + Copy) -> &[T] {
        while self.ends.len() > 1 {
            self.merge(key);
        }
        &self.all
    }

    /// Where the run before the last begins and ends, and where the last ends.
    fn last_two(&self) -> [usize; 3] {
        let end = |back: usize| {
            let place = self.ends.len().checked_sub(back);
            place.map_or(0, |place| self.ends[place])
        };
        [end(3), end(2), end(1)]
    }

    /// Merges the last two runs.
    fn merge<K: Ord>(&mut self, key: impl Fn(&T) -> K) {
        let [first, second, _] = self.last_two();
        self.ends.pop();
        if let Some(end) = self.ends.last_mut() {
            *end = self.all.len();
        }
        self.room.clear();
        self.room.extend_from_slice(&self.all[second..]);
        merge_into(&mut self.all[first..], second - first, &self.room, key);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_sort(mut all in prop::collection::vec(0..50u32, 0..60), sorted in 0..60usize) {
            let sorted = sorted.min(all.len());
            all[..sorted].sort_unstable();
            let mut want = all.clone();
            want.sort_unstable();
            sort_nearly(&mut all, |one| *one);
            prop_assert_eq!(all, want);
        }

        #[test]
        fn runs_become_one(runs in prop::collection::vec(prop::collection::vec(0..90u32, 0..9), 0..9)) {
            let mut made = Runs::new();
            let mut want = runs.concat();
            want.sort_unstable();
            for _ in 0..2 {
                made.clear();
                for mut run in runs.clone() {
                    run.sort_unstable();
                    made.all.extend(run);
                    made.end_run(|one| *one);
                }
                prop_assert_eq!(made.finish(|one| *one), &want[..]);
            }
        }
    }
}
