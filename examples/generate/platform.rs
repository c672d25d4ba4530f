//! A platform that was never there: valid events of 36 months, any number, the same for a seed.
//!
//! A developer for every 1,000 events, with 1 to 20 apps. Apps have events by Zipf's law with an
//! exponent of 1.1, so that the largest has several in a hundred. About 40 % are complaints, 15 %
//! reports of usage, 15 % behaviours, 10 % outages, 10 % violations and remedies, 8 % reviews,
//! inspections and reports, 2 % retractions, appeals, manual measures and late records. What has a
//! beginning has its end later: an outage, a violation that is put right, an inspection whose app is
//! listed anew.
//!
//! Memory grows with the number of apps and of what is under way, not with that of events.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use chrono::NaiveDate;
use fastrand::Rng;
use sha2::{Digest, Sha256};
use standing_projections::event::{
    Cause, Channel, ComplaintClass, Data, DeveloperKind, EventRef, InspectionSeverity, Kind,
    Outcome, Permission, ReportSeverity, Stage,
};
use standing_projections::rulebook::preset;
use standing_projections::time::{DAY_MICROS, HOUR_MICROS};
use standing_projections::{Event, Instant, Position, Rulebook};

/// 2014-01-01 in the rulebooks' zone.
const START: i64 = 1_388_505_600_000_000;
/// 36 months.
const SPAN: i64 = 1_096 * DAY_MICROS;
/// How long the first reviews take.
const OPENING: i64 = 30 * DAY_MICROS;
/// How long after its remedy an app that failed is handed in again: longer than any hold.
const AGAIN: i64 = 60 * DAY_MICROS;
const EXPONENT: f64 = 1.1;
/// How many late events may still be taken back.
const RECENT: usize = 1_000;
pub(crate) const SOURCE: &str = "/generated";

struct App {
    developer: u32,
    channel: Channel,
    /// How many outages it has had.
    outages: u32,
    /// Whether an inspection or a report is under way.
    busy: bool,
}

/// What comes of something earlier.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Later {
    OutageEnded(u32),
    OutageExplained(u32),
    ViolationRemedied(u16),
    InspectionRemedied,
    ReportRemedied,
    Submitted(Stage2),
    Approved(Stage2),
    AppealDecided(u64),
}

/// The stages that an app goes through anew.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage2 {
    Copy,
    Plaza,
}

impl From<Stage2> for Stage {
    fn from(stage: Stage2) -> Self {
        match stage {
            Stage2::Copy => Self::Copy,
            Stage2::Plaza => Self::Plaza,
        }
    }
}

/// What is under way, by when it may go on. It does when an event of its sort is drawn next.
#[derive(Default)]
struct Due(BinaryHeap<Reverse<(i64, u32, Later)>>);

impl Due {
    fn add(&mut self, at: i64, app: u32, later: Later) {
        self.0.push(Reverse((at, app, later)));
    }

    fn take(&mut self, now: i64) -> Option<(u32, Later)> {
        self.0.peek().filter(|Reverse((at, ..))| *at <= now)?;
        let Reverse((_, app, later)) = self.0.pop()?;
        Some((app, later))
    }
}

/// The events, one after the other, each with the position of the one that it speaks of.
pub(crate) struct Platform {
    rng: Rng,
    total: u64,
    position: u64,
    /// How many events the opening has: rulebooks, registrations and first reviews.
    setup: u64,
    opening: VecDeque<(String, Data)>,
    developers: u32,
    registered: u32,
    apps: Vec<App>,
    /// Apps by rank, and the sum of the weights up to each.
    ranked: Vec<u32>,
    sums: Vec<f64>,
    outages: Due,
    remedies: Due,
    reviews: Due,
    appeals: Due,
    /// Late violations and complaints that nobody has spoken of yet.
    recent: VecDeque<(u64, u32)>,
    violations: Vec<String>,
    behaviors: Vec<String>,
}

impl Platform {
    /// That many events, but at least those that register everybody.
    pub(crate) fn new(total: u64, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let developers = u32::try_from((total / 1_000).max(1)).unwrap_or(u32::MAX);
        let mut apps = Vec::new();
        for developer in 0..developers {
            for _ in 0..rng.u32(1..=20) {
                let channel = match rng.u32(0..100) {
                    0..60 => Channel::Enterprise,
                    60..75 => Channel::InSite,
                    75..90 => Channel::General,
                    _ => Channel::Website,
                };
                apps.push(App {
                    developer,
                    channel,
                    outages: 0,
                    busy: false,
                });
            }
        }
        let mut ranked: Vec<u32> = (0..).take(apps.len()).collect();
        rng.shuffle(&mut ranked);
        let weights = (1..=apps.len()).map(|rank| (rank as f64).powf(-EXPONENT));
        let sums = weights.scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        let sums = sums.collect();
        let texts = preset::named("weibo").unwrap_or_default();
        let books: Vec<(&str, Rulebook)> = texts
            .iter()
            .map(|text| (*text, Rulebook::parse(text).expect("a preset")))
            .collect();
        let newest = &books[books.len() - 1].1;
        let codes = newest.violations.iter().map(|v| v.get_ref().code.clone());
        let ranking = newest.ranking.iter().flat_map(|ranking| &ranking.behaviors);
        let behaviors = ranking.map(|b| b.get_ref().code.clone());
        let mut platform = Self {
            violations: codes.collect(),
            behaviors: behaviors.collect(),
            rng,
            total,
            position: 0,
            setup: 0,
            opening: VecDeque::new(),
            developers,
            registered: 0,
            apps,
            ranked,
            sums,
            outages: Due::default(),
            remedies: Due::default(),
            reviews: Due::default(),
            appeals: Due::default(),
            recent: VecDeque::new(),
        };
        for (text, book) in books {
            platform.opening.push_back((
                book.id.clone(),
                Data::RulebookPublished {
                    version: book.version.clone(),
                    toml: text.to_owned(),
                    sha256: sha256(text),
                },
            ));
        }
        let of_apps: usize = platform
            .apps
            .iter()
            .map(|app| 1 + path(app.channel).len())
            .sum();
        platform.setup = platform.opening.len() as u64 + u64::from(developers) + of_apps as u64;
        platform
    }

    fn event(&self, now: i64, ago: i64, subject: String, data: Data) -> Event {
        Event {
            id: id(self.position),
            source: SOURCE.to_owned(),
            kind: kind(&data),
            time: Instant::from_micros_clamped(now - ago),
            subject,
            data,
            recordedtime: Instant::from_micros(now),
            actor: None,
        }
    }

    /// Everybody is registered, and every app reviewed for the first time.
    fn open(&mut self) -> Option<(String, Data)> {
        if let Some(next) = self.opening.pop_front() {
            return Some(next);
        }
        if self.registered == self.developers {
            return None;
        }
        let developer = self.registered;
        self.registered += 1;
        let first = self.apps.partition_point(|app| app.developer < developer);
        let until = self.apps.partition_point(|app| app.developer <= developer);
        for number in first..until {
            let channel = self.apps[number].channel;
            let name = app_id(number as u32);
            let data = Data::AppRegistered {
                developer: developer_id(developer),
                name: format!("App {number}"),
                channel,
                permission: match self.rng.u32(0..10) {
                    0 => Permission::Partner,
                    _ => Permission::Ordinary,
                },
            };
            self.opening.push_back((name.clone(), data));
            self.opening
                .extend(path(channel).into_iter().map(|data| (name.clone(), data)));
        }
        let data = Data::DeveloperRegistered {
            name: format!("Developer {developer}"),
            kind: match self.rng.u32(0..4) {
                0 => DeveloperKind::Service,
                _ => DeveloperKind::Connection,
            },
            grade: None,
        };
        Some((developer_id(developer), data))
    }

    fn app(&mut self) -> u32 {
        let all = self.sums[self.sums.len() - 1];
        let at = self.rng.f64() * all;
        let rank = self.sums.partition_point(|sum| *sum <= at);
        self.ranked[rank.min(self.ranked.len() - 1)]
    }

    /// What happens next: the app, the data and how much before now.
    fn happens(&mut self, now: i64) -> (u32, Data, i64) {
        // Of 948, since the opening has had its part of the reviews.
        match self.rng.u32(0..948) {
            0..400 => self.complaint(0),
            400..550 => {
                let app = self.app();
                let date = date(now - DAY_MICROS);
                let users = i64::from(self.rng.u32(0..20_000));
                (
                    app,
                    Data::UsageReported {
                        date,
                        daily_users: users,
                    },
                    0,
                )
            }
            550..700 => {
                let code = self
                    .rng
                    .choice(&self.behaviors)
                    .cloned()
                    .unwrap_or_default();
                let app = self.app();
                match self.rng.u32(0..5) {
                    0 => (app, Data::BehaviorCeased { code }, 0),
                    _ => (app, Data::BehaviorObserved { code }, 0),
                }
            }
            700..800 => self.outage(now),
            800..900 => self.violation(now, 0),
            900..928 => self.review(now),
            _ => self.rare(now),
        }
    }

    fn complaint(&mut self, ago: i64) -> (u32, Data, i64) {
        let app = self.app();
        let class = match self.rng.u32(0..100) {
            0..15 => ComplaintClass::Strong,
            15..90 => ComplaintClass::Normal,
            _ => ComplaintClass::Celebrity,
        };
        let reason = match self.rng.u32(0..10) {
            0 => Some("unresponsive"),
            1 => Some("poor_attitude"),
            // Counted by no edition that has a list.
            2 => Some("dislikes_colour"),
            _ => None,
        };
        self.speak_of(app);
        let reason = reason.map(str::to_owned);
        (app, Data::ComplaintReceived { class, reason }, ago)
    }

    /// The event that is made now may be taken back or appealed against later.
    fn speak_of(&mut self, app: u32) {
        if self.rng.u32(0..50) == 0 {
            self.recent.push_back((self.position, app));
            if self.recent.len() > RECENT {
                self.recent.pop_front();
            }
        }
    }

    fn outage(&mut self, now: i64) -> (u32, Data, i64) {
        if let Some((app, later)) = self.outages.take(now) {
            let data = match later {
                Later::OutageExplained(number) => Data::OutageExplained {
                    outage: outage_id(number),
                },
                Later::OutageEnded(number) => {
                    if self.rng.u32(0..20) == 0 {
                        let at = now + 2 * DAY_MICROS;
                        self.outages.add(at, app, Later::OutageExplained(number));
                    }
                    Data::OutageEnded {
                        outage: outage_id(number),
                    }
                }
                _ => unreachable!("only outages are here"),
            };
            return (app, data, 0);
        }
        let app = self.app();
        let cause = match self.rng.u32(0..10) {
            0..6 => Cause::Developer,
            6..9 => Cause::Platform,
            _ => Cause::ThirdParty,
        };
        if self.rng.u32(0..10) == 0 {
            let date = date(now - DAY_MICROS);
            return (app, Data::OutageDayRecorded { date, cause }, 0);
        }
        let number = self.apps[app as usize].outages;
        self.apps[app as usize].outages += 1;
        // Minutes mostly, and now and then days.
        let lasts = (HOUR_MICROS as f64 / 12.0 / self.rng.f64().max(1e-3)) as i64;
        self.outages
            .add(now + lasts, app, Later::OutageEnded(number));
        let outage = outage_id(number);
        (app, Data::OutageStarted { outage, cause }, 0)
    }

    fn violation(&mut self, now: i64, ago: i64) -> (u32, Data, i64) {
        if let Some((app, Later::ViolationRemedied(code))) = self.remedies.take(now) {
            let code = self.violations[usize::from(code)].clone();
            return (app, Data::ViolationRemedied { code }, 0);
        }
        let app = self.app();
        let code = self.rng.usize(0..self.violations.len());
        if self.rng.u32(0..10) < 7 {
            let at = now + self.rng.i64(DAY_MICROS / 4..5 * DAY_MICROS);
            let code = u16::try_from(code).unwrap_or(0);
            self.remedies.add(at, app, Later::ViolationRemedied(code));
        }
        self.speak_of(app);
        let code = self.violations[code].clone();
        (app, Data::ViolationFound { code }, ago)
    }

    /// A failed inspection or a confirmed report, its remedy, and the app handed in anew.
    fn review(&mut self, now: i64) -> (u32, Data, i64) {
        if let Some((app, later)) = self.reviews.take(now) {
            return (app, self.goes_on(now, app, later), 0);
        }
        let app = self.app();
        if self.apps[app as usize].busy {
            return self.complaint(0);
        }
        self.apps[app as usize].busy = true;
        let at = now + self.rng.i64(DAY_MICROS..20 * DAY_MICROS);
        if self.rng.u32(0..10) < 6 {
            self.reviews.add(at, app, Later::InspectionRemedied);
            let severity = match self.rng.u32(0..20) {
                0..16 => InspectionSeverity::Minor,
                16..19 => InspectionSeverity::Serious,
                _ => InspectionSeverity::MultiAccount,
            };
            return (app, Data::InspectionFailed { severity }, 0);
        }
        self.reviews.add(at, app, Later::ReportRemedied);
        let severity = match self.rng.u32(0..10) {
            0 => ReportSeverity::Extreme,
            _ => ReportSeverity::Ordinary,
        };
        (app, Data::ReportConfirmed { severity }, 0)
    }

    fn goes_on(&mut self, now: i64, app: u32, later: Later) -> Data {
        let website = self.apps[app as usize].channel == Channel::Website;
        match later {
            // An inspection leaves the approval of a listed app's copy; a report does not.
            Later::InspectionRemedied => {
                let stage = match website {
                    true => Stage2::Copy,
                    false => Stage2::Plaza,
                };
                self.reviews.add(now + AGAIN, app, Later::Submitted(stage));
                Data::InspectionRemedied
            }
            Later::Submitted(stage) => {
                self.reviews
                    .add(now + DAY_MICROS, app, Later::Approved(stage));
                let stage = stage.into();
                Data::ReviewSubmitted { stage }
            }
            Later::Approved(stage) => {
                match stage {
                    Stage2::Copy if !website => {
                        let at = now + DAY_MICROS;
                        self.reviews.add(at, app, Later::Submitted(Stage2::Plaza));
                    }
                    _ => self.apps[app as usize].busy = false,
                }
                let stage = stage.into();
                Data::ReviewApproved { stage }
            }
            _ => {
                let again = Later::Submitted(Stage2::Copy);
                self.reviews.add(now + AGAIN, app, again);
                Data::ReportRemedied
            }
        }
    }

    /// Retractions, appeals, manual measures, gradings of an app's standing, late records.
    fn rare(&mut self, now: i64) -> (u32, Data, i64) {
        if let Some((app, Later::AppealDecided(target))) = self.appeals.take(now) {
            let event = event_ref(target);
            let outcome = match self.rng.u32(0..10) {
                0..3 => Outcome::Granted,
                _ => Outcome::Denied,
            };
            return (app, Data::AppealDecided { event, outcome }, 0);
        }
        match (self.rng.u32(0..10), self.recent.pop_front()) {
            (0..4, Some((target, app))) => {
                let event = event_ref(target);
                (app, Data::EventRetracted { event }, 0)
            }
            (4..6, Some((target, app))) => {
                let at = now + 5 * DAY_MICROS;
                self.appeals.add(at, app, Later::AppealDecided(target));
                let event = event_ref(target);
                (app, Data::AppealFiled { event }, 0)
            }
            (6, _) => {
                let measures = vec!["stop_new_authorizations".to_owned()];
                let until = Instant::from_micros(now + 7 * DAY_MICROS);
                (self.app(), Data::MeasureImposed { measures, until }, 0)
            }
            (7, _) => {
                let met = self.rng.u32(0..5) > 0;
                (self.app(), Data::CertificationAssessed { met }, 0)
            }
            _ => {
                let ago = self.rng.i64(0..40 * DAY_MICROS).min(now - START - OPENING);
                self.complaint(ago)
            }
        }
    }
}

impl Iterator for Platform {
    type Item = (Position, Event, Option<Position>);

    fn next(&mut self) -> Option<Self::Item> {
        self.position += 1;
        if let Some((subject, data)) = self.open() {
            let time = START + share(OPENING, self.position, self.setup + 1);
            return Some((
                Position(self.position),
                self.event(time, 0, subject, data),
                None,
            ));
        }
        if self.position > self.total {
            return None;
        }
        let passed = share(
            SPAN - OPENING,
            self.position - self.setup,
            self.total - self.setup + 1,
        );
        let now = START + OPENING + passed;
        let (app, data, ago) = self.happens(now);
        let target = data.event_ref().and_then(|event| number(&event.id));
        let event = self.event(now, ago, app_id(app), data);
        Some((Position(self.position), event, target.map(Position)))
    }
}

fn share(of: i64, part: u64, whole: u64) -> i64 {
    i64::try_from(i128::from(of) * i128::from(part) / i128::from(whole.max(1))).unwrap_or(of)
}

/// The way of an app of a channel to where its users find it.
fn path(channel: Channel) -> Vec<Data> {
    let stages: &[Stage] = match channel {
        Channel::Enterprise => &[Stage::Declaration, Stage::Copy, Stage::Plaza],
        Channel::Website => &[Stage::Copy],
        _ => &[Stage::Copy, Stage::Plaza],
    };
    let mut path: Vec<Data> = stages
        .iter()
        .flat_map(|stage| {
            let stage = *stage;
            [
                Data::ReviewSubmitted { stage },
                Data::ReviewApproved { stage },
            ]
        })
        .collect();
    if channel == Channel::Enterprise {
        path.push(Data::CertificationAssessed { met: true });
    }
    path
}

pub(crate) fn id(position: u64) -> String {
    format!("e{position:010}")
}

fn number(id: &str) -> Option<u64> {
    id.strip_prefix('e')?.parse().ok()
}

fn event_ref(position: u64) -> EventRef {
    EventRef {
        id: id(position),
        source: SOURCE.to_owned(),
    }
}

fn developer_id(developer: u32) -> String {
    format!("dev-{developer:06}")
}

fn app_id(app: u32) -> String {
    format!("app-{app:07}")
}

fn outage_id(number: u32) -> String {
    format!("o{number}")
}

fn sha256(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The date of an instant in the rulebooks' zone, which is 8 hours ahead all the year.
fn date(micros: i64) -> NaiveDate {
    chrono::DateTime::from_timestamp_micros(micros + 8 * HOUR_MICROS)
        .map(|at| at.date_naive())
        .unwrap_or_default()
}

fn kind(data: &Data) -> Kind {
    match data {
        Data::DeveloperRegistered { .. } => Kind::DeveloperRegistered,
        Data::AppRegistered { .. } => Kind::AppRegistered,
        Data::RulebookPublished { .. } => Kind::RulebookPublished,
        Data::ComplaintReceived { .. } => Kind::ComplaintReceived,
        Data::UsageReported { .. } => Kind::UsageReported,
        Data::BehaviorObserved { .. } => Kind::BehaviorObserved,
        Data::BehaviorCeased { .. } => Kind::BehaviorCeased,
        Data::OutageStarted { .. } => Kind::OutageStarted,
        Data::OutageEnded { .. } => Kind::OutageEnded,
        Data::OutageExplained { .. } => Kind::OutageExplained,
        Data::OutageDayRecorded { .. } => Kind::OutageDayRecorded,
        Data::ViolationFound { .. } => Kind::ViolationFound,
        Data::ViolationRemedied { .. } => Kind::ViolationRemedied,
        Data::ReviewSubmitted { .. } => Kind::ReviewSubmitted,
        Data::ReviewApproved { .. } => Kind::ReviewApproved,
        Data::InspectionFailed { .. } => Kind::InspectionFailed,
        Data::InspectionRemedied => Kind::InspectionRemedied,
        Data::ReportConfirmed { .. } => Kind::ReportConfirmed,
        Data::ReportRemedied => Kind::ReportRemedied,
        Data::EventRetracted { .. } => Kind::EventRetracted,
        Data::AppealFiled { .. } => Kind::AppealFiled,
        Data::AppealDecided { .. } => Kind::AppealDecided,
        Data::MeasureImposed { .. } => Kind::MeasureImposed,
        Data::CertificationAssessed { .. } => Kind::CertificationAssessed,
        _ => unreachable!("nothing else is made"),
    }
}
