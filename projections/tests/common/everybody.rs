//! Everybody's standing, derived in each of the ways there are.

use standing_projections::facts::History;
use standing_projections::packed::Packed;
use standing_projections::rules::Timeline;
use standing_projections::{Ask, Assessor, Standing, assess};

/// The standing of every developer, in the order that is printed. It is the same where each is judged
/// by itself, where one is judged after the other in the same room, without what explains it, and where
/// it was packed.
pub(crate) fn everybody<'a>(
    history: &'a History,
    timeline: &'a Timeline,
    ask: Ask,
) -> Vec<Standing<'a>> {
    let names = history.names();
    let mut assessor = Assessor::new(names, timeline, ask);
    let (mut all, mut words) = (Vec::new(), Vec::new());
    for developer in history.developers() {
        let own = assess(developer, names, timeline, ask);
        assert_eq!(
            format!("{own:?}"),
            format!("{:?}", assessor.standing(developer))
        );
        let text = |one: &Option<Standing<'_>>| serde_json::to_string(one).unwrap();
        assert_eq!(text(&own), text(&assessor.as_printed(developer)));
        let first = words.len();
        assert_eq!(own.is_some(), assessor.pack(developer, &mut words));
        let Some(own) = own else { continue };
        let packed = Packed {
            words: &words[first..],
            developer,
            names,
            timeline,
            ask,
        };
        assert_eq!(
            serde_json::to_string(&own).unwrap(),
            serde_json::to_string(&packed).unwrap()
        );
        assert_eq!(own.next_change, packed.next_change());
        all.push(own);
    }
    all.sort_by_key(|standing| standing.developer);
    all
}
