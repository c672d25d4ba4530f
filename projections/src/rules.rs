//! Which rules hold when (SPEC §3), made ready for judging.
//!
//! A [`Timeline`] orders the versions of a rulebook that are known and compiles each against the
//! names of a history, so that a rule looks a code up by its number.

use std::sync::Arc;

use crate::calendar::{Calendar, toml_date};
use crate::event::{Cause, Channel, ComplaintClass, Position, Stage};
use crate::facts::{Fact, History, NameId, Names};
use crate::measure::{Measure, Measures, is_warning_alone};
use crate::rulebook::{Counts, Level, OutageCount, Rulebook, RulebookError, SanctionRow};
use crate::time::{Instant, LocalMonth, Zone};

/// Why rulebooks cannot be judged by together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// There is none.
    #[error("no rulebook is published: nothing can be judged")]
    None,
    /// One does not parse.
    #[error("a rulebook does not parse: {0}")]
    Invalid(#[from] RulebookError),
    /// They are not versions of one rulebook.
    #[error("`{0}` and `{1}` are different rulebooks; a question is asked of versions of one")]
    OtherId(String, String),
    /// They disagree about local time.
    #[error("the time zones `{0}` and `{1}` differ; versions of a rulebook share one")]
    OtherZone(String, String),
}

/// One version, compiled.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The version as it is written.
    pub book: Rulebook,
    /// The event it was published by; position 0 where it was not.
    pub position: Position,
    /// From when on it holds.
    pub effective_from: Instant,
    catalogue: Vec<Option<(Level, u16)>>,
    /// For each reason, whether it counts.
    reasons: Option<Vec<bool>>,
    /// For each tier of complaints, most severe first: its level, its index, and the most of each
    /// class that stays below it.
    complaint_tiers: Vec<(Level, usize, [u32; 3])>,
    /// How many complaints of each class stay below every tier.
    no_tier: [u32; 3],
    counted_causes: [bool; Cause::ALL.len()],
    behaviors: Vec<Option<u16>>,
    suspended_by: Measures,
    rows: Vec<Row>,
    ladder: [Rung; 3],
    /// The working days of each channel's stages, and of a copy that is checked again.
    clocks: [[[Option<u32>; 2]; Stage::ALL.len()]; Channel::ALL.len()],
    calendar: Option<&'static Calendar>,
}

/// The figures of a row of the ladder.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) measures: Measures,
    /// The days it lasts, and those for each violation; until lifted, where there are none. A warning
    /// alone has no end either.
    pub(crate) days: Option<(i64, i64)>,
    pub(crate) fix_within_hours: Option<i64>,
}

impl Row {
    fn of(row: &SanctionRow) -> Self {
        let figures = row.days.is_some() || row.days_per_violation.is_some();
        let days = (
            row.days.unwrap_or(0).into(),
            row.days_per_violation.unwrap_or(0).into(),
        );
        let measures = row.measures.iter();
        Self {
            measures: measures.filter_map(|m| Measure::from_text(m)).collect(),
            days: (figures && !is_warning_alone(&row.measures)).then_some(days),
            fix_within_hours: row.fix_within_hours.map(i64::from),
        }
    }
}

/// The ladder's rows of a level.
#[derive(Clone, Debug, Default)]
struct Rung {
    /// The rows by n, from 1.
    rows: Vec<Option<usize>>,
    /// The row for a larger n.
    beyond: Option<usize>,
}

impl Rules {
    fn new(book: Rulebook, position: Position, zone: &Zone, names: &Names) -> Self {
        let from = toml_date(&book.effective_from).map_or(Instant::MIN, |date| zone.midnight(date));
        let measures =
            |list: &[String]| list.iter().filter_map(|m| Measure::from_text(m)).collect();
        let mut catalogue = vec![None; names.len()];
        for (index, violation) in book.violations.iter().enumerate() {
            if let Some(id) = names.find(&violation.get_ref().code) {
                let index = u16::try_from(index).unwrap_or(u16::MAX);
                catalogue[id.index()] = Some((violation.get_ref().level, index));
            }
        }
        let reasons = book.complaints.counted_reasons.as_ref();
        let ranked = book.ranking.as_ref();
        let mut behaviors = vec![None; names.len()];
        for (index, behavior) in ranked.iter().flat_map(|r| &r.behaviors).enumerate() {
            if let Some(id) = names.find(&behavior.get_ref().code) {
                behaviors[id.index()] = u16::try_from(index).ok();
            }
        }
        let complaint_tiers = complaint_tiers(&book);
        let no_tier = |class: ComplaintClass| {
            let limits = complaint_tiers
                .iter()
                .map(|(.., most)| most[class as usize]);
            limits.min().unwrap_or(u32::MAX)
        };
        let clock = |channel, stage, recheck| book.review.clocks.get(&channel)?.of(stage, recheck);
        let clocks = |channel| {
            let stage = |stage| [false, true].map(|recheck| clock(channel, stage, recheck));
            [Stage::Declaration, Stage::Copy, Stage::Plaza].map(stage)
        };
        Self {
            position,
            effective_from: from,
            catalogue,
            reasons: reasons.map(|list| table(list, names)),
            no_tier: [
                no_tier(ComplaintClass::Strong),
                no_tier(ComplaintClass::Normal),
                no_tier(ComplaintClass::Celebrity),
            ],
            complaint_tiers,
            counted_causes: std::array::from_fn(|cause| {
                book.outages.counted_causes.contains(&Cause::ALL[cause])
            }),
            behaviors,
            suspended_by: ranked.map_or(Measures::default(), |r| measures(&r.suspended_by)),
            rows: book
                .sanctions
                .iter()
                .map(|row| Row::of(row.get_ref()))
                .collect(),
            ladder: Level::ALL.map(|level| rung(&book, level)),
            clocks: std::array::from_fn(|channel| clocks(Channel::ALL[channel])),
            calendar: Calendar::named(&book.calendar),
            book,
        }
    }

    /// The level the catalogue gives a code, and its entry's index.
    #[must_use]
    pub fn catalogued(&self, code: NameId) -> Option<(Level, usize)> {
        let (level, index) = (*self.catalogue.get(code.index())?)?;
        Some((level, usize::from(index)))
    }

    /// Whether a complaint's reason counts; no reason does.
    #[must_use]
    pub fn counts_reason(&self, reason: Option<NameId>) -> bool {
        match (&self.reasons, reason) {
            (Some(counted), Some(reason)) => {
                counted.get(reason.index()).is_some_and(|counts| *counts)
            }
            _ => true,
        }
    }

    /// Whether outages of a cause count.
    #[must_use]
    pub const fn counts_cause(&self, cause: Cause) -> bool {
        self.counted_causes[cause as usize]
    }

    /// Whether so many complaints of a class reach no tier.
    #[must_use]
    pub(crate) const fn is_below_tiers(&self, class: ComplaintClass, count: u32) -> bool {
        count <= self.no_tier[class as usize]
    }

    /// The most severe level whose count of a class is passed, strictly, by that many complaints, and its
    /// tier's index.
    #[must_use]
    pub fn complaint_level(&self, class: ComplaintClass, count: u32) -> Option<(Level, usize)> {
        let tiers = &self.complaint_tiers;
        let reached = tiers
            .iter()
            .find(|(.., limits)| count > limits[class as usize]);
        reached.map(|(level, tier, _)| (*level, *tier))
    }

    /// The classes whose counts are strictly above what a tier of complaints allows, and what it
    /// allows.
    pub fn passed<'a>(
        &'a self,
        tier: usize,
        counts: &'a [u32; 3],
    ) -> impl Iterator<Item = (ComplaintClass, u32)> + 'a {
        let limits = self.book.complaints.tiers[tier].get_ref().more_than.iter();
        limits
            .map(|(class, limit)| (*class, *limit))
            .filter(|(class, limit)| counts[*class as usize] > *limit)
    }

    /// The most severe level whose days are reached, and its tier's index.
    #[must_use]
    pub fn outage_level(&self, days: u32) -> Option<(Level, usize)> {
        let tiers = self.book.outages.tiers.iter().enumerate();
        let reached = tiers.filter(|(_, tier)| days >= tier.get_ref().days);
        reached
            .map(|(index, tier)| (tier.get_ref().level, index))
            .min()
    }

    /// Whether a month's longest run of outage days counts, rather than all of them.
    #[must_use]
    pub fn counts_consecutive_days(&self) -> bool {
        self.book.outages.count == OutageCount::Consecutive
    }

    /// The ladder's row for the nth step of a level: the row of that `nth`, or the last row of the
    /// level where it says `or_more` and n is past it.
    #[must_use]
    pub fn ladder_row(&self, level: Level, n: u32) -> Option<usize> {
        let rung = &self.ladder[level.index()];
        match rung.rows.get(n as usize) {
            Some(row) => *row,
            None => rung.beyond,
        }
    }

    /// A row of the ladder, as it is written.
    #[must_use]
    pub fn row(&self, index: usize) -> &SanctionRow {
        self.book.sanctions[index].get_ref()
    }

    /// The figures of a row of the ladder.
    pub(crate) fn figures(&self, row: usize) -> &Row {
        &self.rows[row]
    }

    /// The working days of a stage's clock, where it has one.
    pub(crate) const fn clock(&self, channel: Channel, stage: Stage, recheck: bool) -> Option<u32> {
        self.clocks[channel as usize][stage as usize][recheck as usize]
    }

    /// The index of a ranked behaviour.
    #[must_use]
    pub fn behavior(&self, code: NameId) -> Option<usize> {
        self.behaviors
            .get(code.index())
            .copied()
            .flatten()
            .map(usize::from)
    }

    /// The weight of a ranked behaviour and how it counts.
    #[must_use]
    pub fn weight(&self, behavior: usize) -> (i64, Counts) {
        let ranked = self
            .book
            .ranking
            .as_ref()
            .and_then(|r| r.behaviors.get(behavior));
        ranked.map_or((0, Counts::Each), |b| {
            (b.get_ref().weight.into(), b.get_ref().counts)
        })
    }

    /// The measures that take an app from the board.
    #[must_use]
    pub const fn suspended_by(&self) -> Measures {
        self.suspended_by
    }

    /// Whether a channel's apps are on the board.
    #[must_use]
    pub fn ranks(&self, channel: Channel) -> bool {
        self.book
            .ranking
            .as_ref()
            .is_some_and(|ranking| ranking.channels.contains(&channel))
    }
}

/// The rows of a level: of one n the first counts.
fn rung(book: &Rulebook, level: Level) -> Rung {
    let mut rung = Rung::default();
    let rows = book.sanctions.iter().enumerate();
    for (index, row) in rows.map(|(index, row)| (index, row.get_ref())) {
        if row.level != level {
            continue;
        }
        let n = row.nth as usize;
        if n + 1 >= rung.rows.len() {
            rung.rows.resize(n + 1, None);
            rung.beyond = row.or_more.then_some(index);
        }
        rung.rows[n].get_or_insert(index);
    }
    rung
}

/// For each name, whether it is among the texts.
fn table(texts: &[String], names: &Names) -> Vec<bool> {
    let mut among = vec![false; names.len()];
    for id in texts.iter().filter_map(|text| names.find(text)) {
        among[id.index()] = true;
    }
    among
}

/// The tiers of complaints in the order they are asked: most severe first, of one level by index.
fn complaint_tiers(book: &Rulebook) -> Vec<(Level, usize, [u32; 3])> {
    let tiers = book.complaints.tiers.iter().enumerate();
    let mut tiers: Vec<_> = tiers
        .map(|(index, tier)| {
            let tier = tier.get_ref();
            let limit = |class| tier.more_than.get(class).copied().unwrap_or(u32::MAX);
            let limits = [
                limit(&ComplaintClass::Strong),
                limit(&ComplaintClass::Normal),
                limit(&ComplaintClass::Celebrity),
            ];
            (tier.level, index, limits)
        })
        .collect();
    tiers.sort_unstable();
    tiers
}

/// The versions of a rulebook that are known, and the zone and names they are read in.
#[derive(Clone, Debug)]
pub struct Timeline {
    zone: Zone,
    versions: Vec<Rules>,
    /// The index of the rules of each month of the zone's table.
    of_months: Vec<usize>,
    identity: Identity,
}

/// What tells rules from others; a copy of them is the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identity(Arc<()>);

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// A local month and its rules.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MonthRules {
    pub(crate) month: LocalMonth,
    /// The index of its rules.
    pub(crate) rules: usize,
    from: Instant,
    until: Instant,
}

impl MonthRules {
    /// Whether an instant lies in it.
    pub(crate) fn holds(&self, at: Instant) -> bool {
        self.from <= at && at < self.until
    }
}

impl Timeline {
    pub(crate) const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The versions that a history knows at a position.
    ///
    /// # Errors
    /// Where there is none, or (which intake prevents) they do not fit together.
    pub fn known(history: &History, known_at: Position) -> Result<Self, RulesError> {
        let known = history
            .rulebooks()
            .iter()
            .filter(|book| book.position <= known_at);
        let books: Result<Vec<_>, RulebookError> = known
            .map(|book| Ok((book.position, Rulebook::parse(&book.toml)?)))
            .collect();
        Self::new(books?, history.names())
    }

    /// The versions given, in the order of their publishing.
    ///
    /// # Errors
    /// Where there is none, or they are not versions of one rulebook in one time zone.
    pub fn new(books: Vec<(Position, Rulebook)>, names: &Names) -> Result<Self, RulesError> {
        let (_, first) = books.first().ok_or(RulesError::None)?;
        for (_, book) in &books {
            if book.id != first.id {
                return Err(RulesError::OtherId(first.id.clone(), book.id.clone()));
            }
            if book.time_zone != first.time_zone {
                let (a, b) = (first.time_zone.clone(), book.time_zone.clone());
                return Err(RulesError::OtherZone(a, b));
            }
        }
        let zone = Zone::named(&first.time_zone).ok_or(RulesError::None)?;
        let compile = |(position, book)| Rules::new(book, position, &zone, names);
        let mut versions: Vec<Rules> = books.into_iter().map(compile).collect();
        // Of versions of one date the later published counts: the sort keeps their order.
        versions.sort_by_key(|rules| rules.effective_from);
        let mut timeline = Self {
            zone,
            versions,
            of_months: Vec::new(),
            identity: Identity::default(),
        };
        let starts = timeline.zone.month_starts().iter();
        timeline.of_months = starts.map(|start| timeline.index_at(*start)).collect();
        Ok(timeline)
    }

    /// The same versions, read in the names of another history.
    ///
    /// # Errors
    /// None that versions which fitted together once can give.
    pub fn read_in(&self, history: &History) -> Result<Self, RulesError> {
        let books = self.versions.iter();
        let books = books.map(|rules| (rules.position, rules.book.clone()));
        Self::new(books.collect(), history.names())
    }

    /// The zone of its dates and months.
    #[must_use]
    pub const fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The versions, oldest first.
    #[must_use]
    pub fn versions(&self) -> &[Rules] {
        &self.versions
    }

    /// The version at an index that this timeline gave.
    #[must_use]
    pub fn version(&self, index: usize) -> &Rules {
        &self.versions[index]
    }

    /// The index of the rules at an instant: the latest that hold, or the oldest there are.
    #[must_use]
    pub fn index_at(&self, at: Instant) -> usize {
        match self
            .versions
            .partition_point(|rules| rules.effective_from <= at)
        {
            0 => {
                let oldest = self.versions[0].effective_from;
                self.versions
                    .partition_point(|rules| rules.effective_from <= oldest)
                    - 1
            }
            after => after - 1,
        }
    }

    /// The rules at an instant.
    #[must_use]
    pub fn at(&self, at: Instant) -> &Rules {
        &self.versions[self.index_at(at)]
    }

    /// The index of the rules of a month: those that hold at its first instant.
    #[must_use]
    pub fn index_of_month(&self, month: LocalMonth) -> usize {
        let tabled = Zone::table_place(month);
        match tabled.and_then(|place| self.of_months.get(place)) {
            Some(index) => *index,
            None => self.index_at(self.zone.month_start(month)),
        }
    }

    /// The month of an instant, with its rules.
    pub(crate) fn month_rules(&self, at: Instant) -> MonthRules {
        let month = self.zone.month(at);
        MonthRules {
            month,
            rules: self.index_of_month(month),
            from: self.zone.month_start(month),
            until: self.zone.month_start(month.next()),
        }
    }

    /// The local midnight that ends the nth working day after an instant's date, by the calendar
    /// of the rules given; unknown where the calendar lacks a year.
    #[must_use]
    pub fn working_days_after(&self, rules: &Rules, from: Instant, n: u32) -> Option<Instant> {
        let day = rules.calendar?.working_day_after(self.zone.date(from), n)?;
        Some(self.zone.midnight(crate::time::plus_dates(day, 1)))
    }

    /// The instant after which a declaration approved at `approved` has lapsed, if it ever does.
    #[must_use]
    pub fn declaration_ends(&self, approved: Instant) -> Option<Instant> {
        let months = self.at(approved).book.review.declaration_valid_months?;
        Some(self.zone.plus_months(approved, months))
    }
}

/// A place in the order of what happens: time, then position, then day block (SPEC §1, §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// When.
    pub time: Instant,
    /// The event behind it.
    pub position: Position,
    /// Which of its day blocks.
    pub block: u32,
}

impl Moment {
    /// The place of an event.
    #[must_use]
    pub const fn of(fact: Fact) -> Self {
        Self {
            time: fact.time(),
            position: fact.position(),
            block: 0,
        }
    }

    /// Whether an event comes later.
    #[must_use]
    pub fn is_before(self, fact: Fact) -> bool {
        (self.time, self.position) < (fact.time(), fact.position())
    }
}
