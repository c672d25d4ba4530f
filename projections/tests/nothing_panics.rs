//! Whatever comes, the rules answer or refuse; overflows are checked in this build.
//!
//! `PROPTEST_CASES` sets how often each is tried.

#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used)]

mod common;

use common::books::{self, BookSeed};
use common::cases;
use common::junk::{Scrap, instant, json_value, scrap};
use common::ledger::{printed, standings};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};
use standing_projections::event::Kind;
use standing_projections::facts::History;
use standing_projections::rulebook::preset;
use standing_projections::rules::Timeline;
use standing_projections::time::DAY_MICROS;
use standing_projections::{Ask, Event, Instant, Position, Rulebook};

/// What failed once is tried first from then on.
const REGRESSIONS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/nothing_panics.regressions"
);

/// Zones with skipped midnights, skipped days, odd hours.
const ZONES: [&str; 7] = [
    "Asia/Shanghai",
    "UTC",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Africa/Monrovia",
];

/// A rulebook whose figures are at their limits, in any zone.
#[derive(Clone, Debug)]
struct Extreme {
    book: BookSeed,
    zone: usize,
    figures: Vec<(Index, Index)>,
}

const FIGURES: [i64; 9] = [
    0,
    1,
    99_999,
    100_000,
    100_001,
    i32::MAX as i64,
    i32::MIN as i64,
    u32::MAX as i64,
    i64::MAX,
];

fn extreme() -> impl Strategy<Value = Extreme> {
    let figures = prop::collection::vec(any::<(Index, Index)>(), 0..20);
    (books::book(), 0..ZONES.len(), figures).prop_map(|(book, zone, figures)| Extreme {
        book,
        zone,
        figures,
    })
}

/// Every whole number of a table.
fn figures(value: &mut toml::Value) -> Vec<&mut toml::Value> {
    match value {
        toml::Value::Integer(_) => vec![value],
        toml::Value::Array(items) => items.iter_mut().flat_map(figures).collect(),
        toml::Value::Table(table) => table.iter_mut().flat_map(|(_, v)| figures(v)).collect(),
        _ => Vec::new(),
    }
}

impl Extreme {
    /// The rulebook with as many of the figures as are allowed.
    fn rulebook(&self, version: usize) -> Rulebook {
        let text = self.book.text(version);
        let mut book: toml::Table = text.parse().unwrap();
        book.insert("time_zone".into(), ZONES[self.zone].into());
        let mut last = Rulebook::parse(&toml::to_string(&book).unwrap()).unwrap();
        for (place, figure) in &self.figures {
            let mut next = toml::Value::Table(book.clone());
            let mut all = figures(&mut next);
            let count = all.len();
            *all[place.index(count)] = FIGURES[figure.index(FIGURES.len())].into();
            let toml::Value::Table(next) = next else {
                continue;
            };
            if let Ok(parsed) = Rulebook::parse(&toml::to_string(&next).unwrap()) {
                (book, last) = (next, parsed);
            }
        }
        last
    }
}

/// Asks everything of a history under some books.
fn ask_all(history: &History, books: Vec<Rulebook>, asks: &[(Instant, Position)]) {
    let books = (0..).map(Position).zip(books);
    let timeline = Timeline::new(books.collect(), history.names()).unwrap();
    for (as_of, known_at) in asks {
        let (as_of, known_at) = (*as_of, *known_at);
        let all = standings(history, &timeline, Ask { as_of, known_at });
        printed(&all);
        for next in all.iter().filter_map(|standing| standing.next_change) {
            assert!(next > as_of);
        }
    }
}

/// Events without sense, registered subjects among them. An outage that is never ended is kept
/// near the instant asked about; how far one may be is another test's.
fn events(scraps: &[Scrap], asked: Instant) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for (id, scrap) in scraps.iter().enumerate() {
        let mut scrap = scrap.clone();
        if scrap.kind == Kind::OutageStarted {
            let back = asked.micros() - scrap.time.micros();
            scrap.time = asked.plus_micros(-(back % (100 * DAY_MICROS)));
        }
        events.push(scrap.event(id));
    }
    events
}

proptest! {
    #![proptest_config(cases(256, REGRESSIONS))]

    #[test]
    fn any_json_is_an_event_or_refused(value in json_value()) {
        let _ = Event::from_json(&value);
    }

    #[test]
    fn an_event_with_anything_in_a_place_of_it_is_an_event_or_refused(
        scrap in scrap(),
        edits in prop::collection::vec((any::<Index>(), json_value(), any::<bool>()), 1..4),
    ) {
        let mut value = scrap.json(1);
        for (place, new, add) in edits {
            let mut pointers = vec![String::new()];
            paths(&value, String::new(), &mut pointers);
            let at = &pointers[place.index(pointers.len())];
            match value.pointer_mut(at) {
                Some(Value::Object(object)) if add => {
                    object.insert("note".to_owned(), new);
                }
                Some(old) => *old = new,
                None => {}
            }
        }
        let _ = Event::from_json(&value);
    }
}

fn paths(value: &Value, at: String, all: &mut Vec<String>) {
    if let Value::Object(object) = value {
        for (key, value) in object {
            let at = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
            all.push(at.clone());
            paths(value, at, all);
        }
    }
}

/// A cut, a doubling, or a character more, somewhere in a text.
#[derive(Clone, Debug)]
enum Slip {
    Cut(Index, usize),
    Double(Index, usize),
    Insert(Index, char),
    Swap(Index, Index),
}

fn slip() -> impl Strategy<Value = Slip> {
    let character = prop_oneof![
        prop::sample::select(
            &[
                '"', '\n', '[', ']', '=', '.', '-', '9', '#', '{', '\u{0}', '文'
            ][..]
        ),
        any::<char>(),
    ];
    prop_oneof![
        (any::<Index>(), 1..60usize).prop_map(|(at, n)| Slip::Cut(at, n)),
        (any::<Index>(), 1..60usize).prop_map(|(at, n)| Slip::Double(at, n)),
        (any::<Index>(), character).prop_map(|(at, c)| Slip::Insert(at, c)),
        (any::<Index>(), any::<Index>()).prop_map(|(a, b)| Slip::Swap(a, b)),
    ]
}

impl Slip {
    fn apply(&self, text: &mut Vec<char>) {
        let len = text.len();
        match self {
            Slip::Cut(at, n) => {
                let at = at.index(len);
                text.drain(at..(at + n).min(len));
            }
            Slip::Double(at, n) => {
                let at = at.index(len);
                let piece: Vec<char> = text[at..(at + n).min(len)].to_vec();
                text.splice(at..at, piece);
            }
            Slip::Insert(at, c) => text.insert(at.index(len), *c),
            // Whole lines, so that it still reads as TOML more often.
            Slip::Swap(a, b) => {
                let all: String = text.iter().collect();
                let mut lines: Vec<&str> = all.lines().collect();
                let count = lines.len().max(1);
                if lines.len() > 1 {
                    lines.swap(a.index(count), b.index(count));
                }
                *text = lines.join("\n").chars().collect();
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(100, REGRESSIONS))]

    #[test]
    fn any_text_is_a_rulebook_or_refused(text in any::<String>()) {
        let _ = Rulebook::parse(&text);
    }

    #[test]
    fn a_rulebook_with_slips_is_judged_by_or_refused(
        seed in books::book(),
        whole in any::<bool>(),
        slips in prop::collection::vec(slip(), 1..4),
        scraps in prop::collection::vec(scrap(), 20),
    ) {
        let whole = whole.then(|| preset::named("wechat-official-accounts").unwrap()[0]);
        let text = whole.map_or_else(|| seed.text(1), str::to_owned);
        let mut text: Vec<char> = text.chars().collect();
        for slip in slips.iter().filter(|_| !slips.is_empty()) {
            if !text.is_empty() {
                slip.apply(&mut text);
            }
        }
        let text: String = text.into_iter().collect();
        match Rulebook::parse(&text) {
            Err(error) => {
                // An error is at a place that the text has.
                let lines = text.split('\n').count();
                prop_assert!(error.place.line <= lines.max(1), "{error}");
            }
            Ok(book) => {
                let as_of = Instant::from_micros(1_450_000_000_000_000).unwrap();
                let events = events(&scraps, as_of);
                let history = History::of((1..).map(Position).zip(&events));
                ask_all(&history, vec![book], &[(as_of, history.head())]);
            }
        }
    }

    #[test]
    fn senseless_events_and_figures_at_their_limits_are_judged(
        scraps in prop::collection::vec(scrap(), 1..120),
        books in prop::collection::vec(extreme(), 1..3),
        as_of in instant(),
        known_at in any::<Index>(),
        targets in prop::collection::vec(prop::option::of(0..130u64), 1..20),
    ) {
        let zone = books[0].zone;
        let books: Vec<Rulebook> = books
            .into_iter()
            .enumerate()
            .map(|(version, book)| Extreme { zone, ..book }.rulebook(version))
            .collect();
        let mut events = events(&scraps, as_of);
        // Registrations of some use: the first one of each may be anywhere otherwise.
        let registered = |kind: &str, subject: &str, data: Value| {
            Event::from_json(&json!({"specversion": "1.0", "id": kind, "source": "/junk",
                "type": kind, "time": "1970-01-01T00:00:00Z", "subject": subject, "data": data}))
                .unwrap()
        };
        let developer = json!({"name": "", "kind": "service"});
        let app = json!({"developer": "d", "name": "", "channel": "enterprise"});
        events.insert(0, registered("developer.registered", "d", developer));
        events.insert(1, registered("app.registered", "a", app));
        // References that lead anywhere, backwards, forwards or to themselves.
        let mut history = History::default();
        for (index, event) in events.iter().enumerate() {
            let target = targets[index % targets.len()].map(Position);
            history.add(Position(index as u64 + 1), event, target);
        }
        let known_at = Position(known_at.index(events.len() + 2) as u64);
        let asks = [(as_of, known_at), (as_of, history.head())];
        ask_all(&history, books.clone(), &asks);
        // At the ends of time, without the outages that would last until then.
        let ended: Vec<&Event> =
            events.iter().filter(|event| event.kind != Kind::OutageStarted).collect();
        let history = History::of((1..).map(Position).zip(ended));
        let ends = [Instant::MIN, Instant::MIN.next(), Instant::MAX.plus_micros(-1), Instant::MAX];
        ask_all(&history, books, &ends.map(|end| (end, history.head())));
    }
}

/// An outage of 1970 that nobody ends, as of an instant: the months it makes.
fn months_of_an_open_outage(as_of: Instant) -> usize {
    let of = |kind: &str, subject: &str, data: Value| {
        Event::from_json(&json!({"specversion": "1.0", "id": kind, "source": "/junk",
            "type": kind, "time": "1970-01-01T00:00:00Z", "subject": subject, "data": data}))
        .unwrap()
    };
    let developer = json!({"name": "", "kind": "service"});
    let app = json!({"developer": "d", "name": "", "channel": "enterprise"});
    let outage = json!({"outage": "o", "cause": "developer"});
    let events = [
        of("developer.registered", "d", developer),
        of("app.registered", "a", app),
        of("outage.started", "a", outage),
    ];
    let history = History::of((1..).map(Position).zip(&events));
    let book = Rulebook::parse(preset::named("weibo").unwrap()[0]).unwrap();
    let timeline = Timeline::new(vec![(Position(0), book)], history.names()).unwrap();
    let known_at = history.head();
    let all = standings(&history, &timeline, Ask { as_of, known_at });
    all[0].apps[0].months.len()
}

#[test]
fn an_outage_open_for_centuries_is_judged() {
    let as_of = "2299-12-31T00:00:00Z".parse().unwrap();
    assert_eq!(months_of_an_open_outage(as_of), 330 * 12);
}

/// Three million day blocks, which nobody asks for in earnest, must not hold anybody up either.
#[test]
fn an_outage_open_from_the_first_instant_to_the_last_is_judged() {
    assert_eq!(months_of_an_open_outage(Instant::MAX), 8030 * 12);
}
