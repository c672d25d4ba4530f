//! Rows dealt out to those they belong to.

use std::ops::Range;

use super::rows::Fault;

/// Deals rows out to those they belong to: so many to each, in order.
pub(super) struct Deal<T> {
    counts: std::vec::IntoIter<(T, u64)>,
    /// To whom rows go now, and how many more.
    now: Option<(T, u64)>,
}

impl<T: Copy> Deal<T> {
    pub(super) fn new(counts: Vec<(T, u64)>) -> Self {
        let mut counts = counts.into_iter();
        let now = counts.next();
        Self { counts, now }
    }

    /// Deals some rows out, a range to each.
    pub(super) fn rows(
        &mut self,
        count: usize,
        mut give: impl FnMut(T, Range<usize>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut row = 0;
        while row < count {
            let Some((to, left)) = &mut self.now else {
                return Err("there are more rows than there should be".into());
            };
            let taken = usize::try_from(*left)
                .unwrap_or(usize::MAX)
                .min(count - row);
            give(*to, row..row + taken)?;
            row += taken;
            *left -= taken as u64;
            if *left == 0 {
                self.now = self.counts.next();
            }
        }
        Ok(())
    }

    /// Makes sure that everybody got theirs.
    pub(super) fn done(mut self) -> Result<(), Fault> {
        let waits = |(_, left): (T, u64)| left > 0;
        match self.now.is_some_and(waits) || self.counts.any(waits) {
            true => Err("there are fewer rows than there should be".into()),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Deal;

    fn dealt(counts: &[u64], batches: &[usize]) -> Result<Vec<(usize, usize)>, String> {
        let mut deal = Deal::new(counts.iter().copied().enumerate().collect());
        let mut given = Vec::new();
        for count in batches {
            deal.rows(*count, |to, range| {
                given.push((to, range.len()));
                Ok(())
            })
            .map_err(|fault| fault.to_string())?;
        }
        deal.done().map_err(|fault| fault.to_string())?;
        given.retain(|(_, rows)| *rows > 0);
        Ok(given)
    }

    #[test]
    fn everybody_gets_so_many_rows() {
        let counts = [0, 3, 0, 0, 2, 0];
        assert_eq!(dealt(&counts, &[5]).unwrap(), [(1, 3), (4, 2)]);
        assert_eq!(
            dealt(&counts, &[2, 2, 1]).unwrap(),
            [(1, 2), (1, 1), (4, 1), (4, 1)]
        );
        assert!(dealt(&counts, &[4]).unwrap_err().contains("fewer"));
        assert!(dealt(&counts, &[5, 1]).unwrap_err().contains("more"));
        assert_eq!(dealt(&[], &[]).unwrap(), []);
        assert!(dealt(&[], &[1]).unwrap_err().contains("more"));
    }
}
