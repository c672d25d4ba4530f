//! From words to what they say.

use serde::{Serialize, Serializer};

use super::{SHORT, bits, code, low, month, obligation, sanction, violation};
use crate::assess::Ask;
use crate::certification;
use crate::event::{Channel, Permission, Position};
use crate::facts::{DeveloperFacts, NameId, Names};
use crate::measure::Measure;
use crate::obligations::{Duty, DutyKind};
use crate::positions::Positions;
use crate::provenance::{DutyRule, Hindrances};
use crate::review::ReviewState;
use crate::rulebook::Level;
use crate::rules::Timeline;
use crate::sanctions::terms;
use crate::standing::{
    AppMonth, AppStanding, Certification, ComplaintCounts, DeveloperMonth, MeasureInForce,
    MonthOutcome, Obligation, ObligationState, Review, Sanction, Standing, Status, Violation,
};
use crate::tiers::Source;
use crate::time::{Instant, LocalMonth};

/// A developer's packed standing. It serializes as the [`Standing`] does (SPEC §9).
///
/// The words must be those that [`Assessor::pack`](crate::Assessor::pack) wrote of this developer by these rules
/// at these instants; what others say is not looked at, and may panic.
///
/// ```
/// # use standing_projections::*;
/// # use standing_projections::{facts::History, packed::Packed, rules::Timeline, rulebook::preset};
/// # let event = |id: &str, kind: &str, subject: &str, data: serde_json::Value| {
/// #     Event::from_json(&serde_json::json!({
/// #         "specversion": "1.0", "id": id, "source": "/desk", "type": kind,
/// #         "time": "2014-05-03T03:00:00Z", "subject": subject, "data": data,
/// #     })).unwrap()
/// # };
/// # let events = [
/// #     event("1", "developer.registered", "d1", serde_json::json!({"name": "D", "kind": "service"})),
/// #     event("2", "app.registered", "a1",
/// #         serde_json::json!({"developer": "d1", "name": "A", "channel": "general"})),
/// # ];
/// # let history = History::of((1..).map(Position).zip(&events));
/// # let rulebook = Rulebook::parse(preset::named("weibo").unwrap()[0]).unwrap();
/// # let timeline = Timeline::new(vec![(Position(0), rulebook)], history.names()).unwrap();
/// # let ask = Ask { as_of: "2014-05-04T00:00:00Z".parse().unwrap(), known_at: history.head() };
/// let developer = &history.developers()[0];
/// let mut assessor = Assessor::new(history.names(), &timeline, ask);
/// let mut words = Vec::new();
/// assert!(assessor.pack(developer, &mut words));
/// let packed = Packed { words: &words, developer, names: history.names(), timeline: &timeline, ask };
/// let printed = serde_json::to_string(&packed).unwrap();
/// assert_eq!(printed, serde_json::to_string(&assessor.standing(developer)).unwrap());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Packed<'a> {
    /// The words.
    pub words: &'a [u64],
    /// Whose they are.
    pub developer: &'a DeveloperFacts,
    /// The names of the history.
    pub names: &'a Names,
    /// The rules that were judged by.
    pub timeline: &'a Timeline,
    /// What was asked.
    pub ask: Ask,
}

impl Serialize for Packed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let reader = Reader { words: self.words };
        reader.printed(self, |standing| standing.serialize(serializer))
    }
}

impl<'a> Packed<'a> {
    /// The next instant at which any of it can change without a new event.
    #[must_use]
    pub fn next_change(&self) -> Option<Instant> {
        Instant::from_word(*self.words.get(2)?)
    }

    fn code(&self, number: u32) -> &'a str {
        let source = match number {
            code::COMPLAINTS => Source::Complaints,
            code::OUTAGE => Source::Outage,
            number => Source::Found(NameId::of_number(number)),
        };
        source.code(self.names)
    }
}

/// Reads one word after the other; past the end they are 0.
struct Reader<'w> {
    words: &'w [u64],
}

impl Reader<'_> {
    fn word(&mut self) -> u64 {
        let next = self.words.split_off_first();
        next.copied().unwrap_or_default()
    }

    fn pair(&mut self) -> (u32, u32) {
        let word = self.word();
        (low(word), low(word >> 32))
    }

    fn instant(&mut self) -> Option<Instant> {
        Instant::from_word(self.word())
    }

    /// An instant that is there.
    fn at(&mut self) -> Instant {
        self.instant().unwrap_or(Instant::MIN)
    }

    fn text(&mut self, length: u32) -> Vec<u8> {
        let words = (0..length.div_ceil(8)).flat_map(|_| self.word().to_le_bytes());
        words.take(length as usize).collect()
    }

    /// The standing as it is printed; what decided its parts is not packed.
    fn printed<T>(mut self, of: &Packed<'_>, then: impl FnOnce(&Standing<'_>) -> T) -> T {
        let (status, length) = self.pair();
        let status_since = self.instant();
        let next_change = self.instant();
        let (months, apps) = self.pair();
        let grade = self.text(length);
        let months = (0..months).map(|_| self.developer_month()).collect();
        let apps = (0..apps).map(|_| self.app(of)).collect();
        then(&Standing {
            developer: &of.developer.id,
            status: one_of(Status::ALL, status.into()),
            status_since,
            grade: std::str::from_utf8(&grade).unwrap_or_default(),
            months,
            apps,
            status_cause: Position(0),
            grade_cause: Position(0),
            initial_grade: None,
            turns: Vec::new(),
            disregarded: Vec::new(),
            ask: of.ask,
            rules: of.timeline.index_at(of.ask.as_of),
            next_change,
        })
    }

    fn developer_month(&mut self) -> DeveloperMonth {
        let (month, violations) = self.pair();
        DeveloperMonth {
            month: LocalMonth::from_word(month),
            violations,
            at: self.instant(),
            outcome: one_of(MonthOutcome::ALL, self.word()),
            cause: None,
            counted: Vec::new(),
            rules: 0,
        }
    }

    fn app<'a>(&mut self, of: &Packed<'a>) -> AppStanding<'a> {
        let (place, months) = self.pair();
        let word = self.word();
        let bit = |place: u32| word >> place & 1 == 1;
        let review = Review {
            state: one_of(ReviewState::ALL, word >> bits::STATE & 0xff),
            since: self.at(),
            key_disabled: bit(bits::KEY_DISABLED),
            due: self.instant(),
            hold_until: self.instant(),
            on_hold: bit(bits::ON_HOLD),
            cause: Position(0),
            key_cause: None,
            holds: Box::default(),
        };
        let on_board = self.instant();
        let score = self.word().cast_signed();
        let obligations = self.word();
        let running = self.word();
        let measures = (0..running).map(|_| {
            let measure = one_of(Measure::ALL, self.word());
            let until = self.instant();
            let causes = Vec::new();
            MeasureInForce {
                measure,
                until,
                causes,
            }
        });
        let measures = measures.collect();
        let asked = of.timeline.at(of.ask.as_of).book.certification.as_ref();
        let conditions = asked.filter(|_| bit(bits::CONDITIONS)).map(|asked| {
            let met = std::array::from_fn(|place| word >> bits::MET >> place & 1 == 1);
            let values = [self.word().cast_signed(), self.word().cast_signed()];
            certification::unpacked(asked, met, values)
        });
        let registered = of.developer.apps().get(place as usize);
        let months: Box<[_]> = (0..months).map(|_| self.app_month(of)).collect();
        let sanctions: Vec<_> = months.iter().flat_map(|month| &month.sanctions).collect();
        let owed = (0..obligations)
            .map(|_| self.obligation(&sanctions))
            .collect();
        AppStanding {
            app: registered.map_or("", |app| &app.id),
            channel: registered.map_or(Channel::General, |app| app.channel),
            permission: one_of(Permission::ALL, word >> bits::PERMISSION & 0xff),
            review,
            months,
            measures,
            score,
            certification: Certification {
                eligible: conditions.iter().flatten().all(|condition| condition.met)
                    && conditions.is_some(),
                conditions: conditions.into_iter().flatten().collect(),
                usage: Positions::default(),
            },
            obligations: owed,
            score_terms: Box::default(),
            on_board,
            hindrances: Hindrances::default(),
            steps: Box::default(),
            intervals: Box::default(),
            uncounted: Box::default(),
        }
    }

    fn app_month<'a>(&mut self, of: &Packed<'a>) -> AppMonth<'a> {
        let word = self.word();
        let [
            strong,
            normal,
            celebrity,
            unclassified,
            violations,
            sanctions,
        ] = self.counts(word);
        AppMonth {
            month: LocalMonth::from_word(low(word)),
            tier: level(word >> month::TIER & 0b11),
            complaints: ComplaintCounts {
                strong,
                normal,
                celebrity,
            },
            outage_days: low(word >> month::OUTAGE_DAYS & 0b1_1111),
            violations: (0..violations).map(|_| self.violation(of)).collect(),
            sanctions: (0..sanctions).map(|_| self.sanction(of)).collect(),
            unclassified: (0..unclassified)
                .map(|_| of.code(low(self.word())))
                .collect(),
            rules: 0,
            unclassified_events: Positions::default(),
            complaint_events: Positions::default(),
            days: Box::default(),
        }
    }

    /// The counts of a month whose first word that is.
    fn counts(&mut self, word: u64) -> [u32; 6] {
        let mut counts = [0; 6];
        if word >> month::WIDE & 1 == 1 {
            for two in counts.chunks_mut(2) {
                (two[0], two[1]) = self.pair();
            }
        } else {
            let mut word = self.word();
            for (count, bits) in counts.iter_mut().zip(SHORT) {
                *count = low(word & ((1 << bits) - 1));
                word >>= bits;
            }
        }
        counts
    }

    fn violation<'a>(&mut self, of: &Packed<'a>) -> Violation<'a> {
        let word = self.word();
        let count = match word >> violation::EVIDENCE & violation::MANY {
            violation::MANY => self.word(),
            few => few,
        };
        let since = self.at();
        let later = word >> violation::LATER & 1 == 1;
        Violation {
            code: of.code(low(word)),
            level: level(word >> violation::LEVEL & 0b11).unwrap_or(Level::ALL[0]),
            since,
            at: if later { self.at() } else { since },
            evidence: self.evidence(count, word >> violation::FAR & 1 == 1),
            incident: 0,
        }
    }

    fn evidence(&mut self, count: u64, far: bool) -> Positions {
        let first = self.word();
        let mut all = vec![Position(first)];
        if far {
            all.extend((1..count).map(|_| Position(self.word())));
        } else {
            let halves = (0..count.saturating_sub(1).div_ceil(2))
                .flat_map(|_| <[u32; 2]>::from(self.pair()));
            all.extend(halves.map(|half| Position(first + u64::from(half))));
        }
        all.truncate(usize::try_from(count).unwrap_or(usize::MAX));
        Positions::of(&all)
    }

    fn sanction<'a>(&mut self, of: &Packed<'a>) -> Sanction<'a> {
        let (code, nth) = self.pair();
        let word = self.word();
        let from = self.at();
        let (row, rules) = (
            low(word >> sanction::ROW),
            word >> sanction::RULES & 0xff_ffff,
        );
        let rules = of.timeline.version(rules as usize);
        let (until, fix_by) = terms(rules.figures(row as usize), nth, from);
        Sanction {
            code: of.code(code),
            level: level(word >> sanction::LEVEL & 0b11).unwrap_or(Level::ALL[0]),
            nth,
            measures: &rules.row(row as usize).measures,
            from,
            until,
            fix_by,
            cause: Position(0),
            row: 0,
            step: 0,
        }
    }

    /// An obligation; those of sanctions say which.
    fn obligation<'a>(&mut self, sanctions: &[&Sanction<'a>]) -> Obligation<'a> {
        let word = self.word();
        let part = |place: u32| word >> place & 0xff;
        let kind = one_of(DutyKind::ALL, part(obligation::KIND));
        let state = one_of(ObligationState::ALL, part(obligation::STATE));
        let cause = Position(self.word());
        let met_at = match state {
            ObligationState::Met => self.instant(),
            _ => None,
        };
        let (code, since, due) = match low(word) {
            code::NONE => (None, self.at(), self.instant()),
            number => {
                let own = sanctions.get(number as usize);
                let since = own.map_or(Instant::MIN, |own| own.from);
                (
                    own.map(|own| own.code),
                    since,
                    own.and_then(|own| own.fix_by),
                )
            }
        };
        Obligation {
            owner: Duty::owner(kind),
            kind,
            code,
            cause,
            since,
            due,
            met_at,
            late: part(obligation::LATE) == 1,
            state,
            rule: DutyRule::Sanction(0),
            ended: None,
        }
    }
}

/// A level; 0 is none.
fn level(number: u64) -> Option<Level> {
    u8::try_from(number).ok().and_then(Level::new)
}

/// The one at that place, as it was packed.
fn one_of<T: Copy>(all: &[T], place: u64) -> T {
    let place = usize::try_from(place).unwrap_or(usize::MAX);
    all[place.min(all.len() - 1)]
}
