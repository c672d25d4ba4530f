//! Work done by a pool's threads and taken in order.
//!
//! Items go to the threads in portions of about the same weight. What a portion gives waits until all
//! before it is taken; so that little waits, no more than the caller says is begun past the portion that
//! is awaited, or, where that one is heavier, its own weight: the others have something to do meanwhile.

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc;

use rayon::ThreadPool;

/// The weight of a portion, but for an item that has more by itself.
const PORTION: usize = 1 << 15;
/// How much may be begun past the portion that is awaited, where what is made is large.
pub(crate) const AHEAD: usize = 1 << 20;

/// Gives what `make` makes of each portion of the items to `take`, in the order of the items.
///
/// # Errors
/// That of `take`, which ends it.
pub(crate) fn in_order<I: Sync, T: Send, E>(
    pool: &ThreadPool,
    items: &[I],
    weight: impl Fn(&I) -> usize,
    ahead: usize,
    make: impl Fn(&[I]) -> T + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let portions = portions(items, weight);
    let make = &make;
    pool.in_place_scope(|scope| {
        let (done, made) = mpsc::channel();
        let mut waiting: BTreeMap<usize, T> = BTreeMap::new();
        let (mut begun, mut begun_ahead) = (0, 0);
        for (awaited, (_, heavy)) in portions.iter().enumerate() {
            while begun < portions.len() && (begun <= awaited || begun_ahead < ahead.max(*heavy)) {
                let (range, weight) = portions[begun].clone();
                let (number, done) = (begun, done.clone());
                scope.spawn(move |_| {
                    let all = || make(&items[range]);
                    // Nobody hears it once `take` has ended everything.
                    let _ = done.send((number, catch_unwind(AssertUnwindSafe(all))));
                });
                begun += 1;
                begun_ahead += weight;
            }
            while !waiting.contains_key(&awaited)
                && let Ok((number, portion)) = made.recv()
            {
                waiting.insert(number, portion.unwrap_or_else(|panic| resume_unwind(panic)));
            }
            begun_ahead -= heavy;
            if let Some(portion) = waiting.remove(&awaited) {
                take(portion)?;
            }
        }
        Ok(())
    })
}

/// The places of each portion's items, and their weight.
fn portions<I>(items: &[I], weight: impl Fn(&I) -> usize) -> Vec<(Range<usize>, usize)> {
    let mut portions: Vec<(Range<usize>, usize)> = Vec::new();
    for (place, item) in items.iter().enumerate() {
        let weight = weight(item);
        match portions.last_mut() {
            Some((range, all)) if *all + weight <= PORTION => {
                range.end += 1;
                *all += weight;
            }
            _ => portions.push((place..place + 1, weight)),
        }
    }
    portions
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn pool(threads: usize) -> ThreadPool {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap()
    }

    /// Items of very different weights.
    fn items() -> Vec<usize> {
        let heavy = |number: usize| if number % 97 == 5 { 3 * AHEAD } else { 0 };
        (0..3_000).map(|n| heavy(n) + n % 7 * 3_000).collect()
    }

    #[test]
    fn what_is_made_is_taken_in_order_and_little_waits() {
        let items = items();
        for threads in [1, 2, 5] {
            let (made, mut taken, mut most) = (AtomicUsize::new(0), Vec::new(), 0);
            in_order(
                &pool(threads),
                &items,
                |weight| *weight,
                AHEAD,
                |portion| {
                    made.fetch_add(portion.iter().sum(), Ordering::Relaxed);
                    portion.to_vec()
                },
                |portion| {
                    most = most.max(made.load(Ordering::Relaxed) - taken.iter().sum::<usize>());
                    taken.extend(portion);
                    Ok::<(), Infallible>(())
                },
            )
            .unwrap();
            assert_eq!(taken, items);
            let heaviest = 3 * AHEAD + 20_000;
            assert!(most < 3 * heaviest + PORTION, "{most}");
        }
    }

    #[test]
    fn an_error_ends_it() {
        let mut taken = Vec::new();
        let take = |portion: Vec<usize>| {
            taken.extend(portion);
            if taken.len() < 10 {
                Ok(())
            } else {
                Err("enough")
            }
        };
        let items = items();
        let ended = in_order(
            &pool(2),
            &items,
            |weight| *weight,
            AHEAD,
            <[_]>::to_vec,
            take,
        );
        assert_eq!(ended, Err("enough"));
        assert!((10..items.len()).contains(&taken.len()));
        assert_eq!(taken, items[..taken.len()]);
    }

    #[test]
    #[should_panic(expected = "in a thread")]
    fn a_panic_is_passed_on() {
        let make = |portion: &[usize]| assert!(!portion.contains(&9_000), "in a thread");
        let take = |()| Ok::<(), Infallible>(());
        in_order(&pool(2), &items(), |weight| *weight, AHEAD, make, take).unwrap();
    }
}
