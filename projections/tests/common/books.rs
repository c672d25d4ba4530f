//! Rulebooks to judge by: the presets' versions, cut to what judges, with figures and keys edited.

use std::sync::LazyLock;

use proptest::prelude::*;
use standing_projections::Rulebook;
use standing_projections::rulebook::preset;
use toml::{Table, Value};

/// The codes that are kept of the catalogues: of each level some, the others only cost time.
pub(crate) const CODES: [&str; 9] = [
    "stored_credentials",
    "account_theft",
    "privacy_breach",
    "external_redirect",
    "paid_lottery",
    "bulk_scraping",
    "icon_breach",
    "vulgar_content",
    "missing_app_information",
];
/// Ranked behaviours: two states and some deeds.
pub(crate) const BEHAVIORS: [&str; 5] = [
    "uses_platform_hosting",
    "all_inner_links",
    "server_down",
    "invoice_complaint",
    "slow_loading",
];
/// Reasons of complaints, the last of which no preset counts.
pub(crate) const REASONS: [&str; 4] = [
    "unresponsive",
    "deflected_to_platform",
    "poor_attitude",
    "too_expensive",
];

static BASES: LazyLock<Vec<Table>> = LazyLock::new(|| {
    let texts = preset::named("weibo").unwrap();
    texts
        .iter()
        .map(|text| lean(text.parse().unwrap()))
        .collect()
});

/// A rulebook without what is only shown, and with the codes of [`CODES`] and [`BEHAVIORS`].
fn lean(mut book: Table) -> Table {
    for key in ["title", "source", "tests"] {
        book.remove(key);
    }
    keep(
        book.get_mut("ranking").and_then(Value::as_table_mut),
        &BEHAVIORS,
    );
    keep(Some(&mut book), &CODES);
    if let Some(review) = table(&mut book, "review") {
        review.remove("reasons");
    }
    strip(&mut Value::Table(book))
}

/// Keeps of a table's lists what has no code or one of these.
fn keep(table: Option<&mut Table>, codes: &[&str]) {
    let Some(table) = table else { return };
    for list in table
        .iter_mut()
        .filter_map(|(_, value)| value.as_array_mut())
    {
        list.retain(|item| {
            item.get("code")
                .and_then(Value::as_str)
                .is_none_or(|code| codes.contains(&code))
        });
    }
}

fn strip(value: &mut Value) -> Table {
    fn walk(value: &mut Value) {
        match value {
            Value::Table(table) => {
                table.remove("title");
                table.remove("clause");
                table.iter_mut().for_each(|(_, value)| walk(value));
            }
            Value::Array(items) => items.iter_mut().for_each(walk),
            _ => {}
        }
    }
    walk(value);
    value.as_table().cloned().unwrap()
}

fn table<'a>(book: &'a mut Table, key: &str) -> Option<&'a mut Table> {
    book.get_mut(key)?.as_table_mut()
}

fn item<'a>(book: &'a mut Table, section: &str, list: &str, at: u16) -> Option<&'a mut Table> {
    let items = match section {
        "" => book.get_mut(list)?,
        section => table(book, section)?.get_mut(list)?,
    };
    let items = items.as_array_mut()?;
    let at = usize::from(at) % items.len().max(1);
    items.get_mut(at)?.as_table_mut()
}

/// Sets a figure, or for one in four values takes the key away.
fn figure(table: Option<&mut Table>, key: &str, value: u16, below: u16) {
    let Some(table) = table else { return };
    if value % 4 == 3 {
        table.remove(key);
    } else {
        table.insert(key.into(), Value::Integer((value / 4 % below).into()));
    }
}

fn texts(items: &[&str]) -> Value {
    Value::Array(items.iter().map(|item| (*item).into()).collect())
}

/// Some of the items, by the bits of a number.
fn some<'a>(items: &[&'a str], bits: u16) -> Vec<&'a str> {
    let chosen = items
        .iter()
        .enumerate()
        .filter(|(bit, _)| bits >> bit & 1 == 1);
    chosen.map(|(_, item)| *item).collect()
}

/// One way in which a rulebook differs from its preset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edit {
    what: u8,
    at: u16,
    value: u16,
}

const CHANNELS: [&str; 5] = [
    "enterprise",
    "in_site",
    "general",
    "website",
    "official_account",
];
const MEASURES: [&str; 5] = [
    "warning",
    "stop_new_authorizations",
    "close_app",
    "block_api",
    "take_offline",
];

impl Edit {
    fn apply(self, book: &mut Table) {
        let Self { what, at, value } = self;
        match what {
            0 => {
                let class = ["strong", "normal", "celebrity"][usize::from(value % 3)];
                if let Some(tier) = item(book, "complaints", "tiers", at)
                    .and_then(|tier| tier.get_mut("more_than")?.as_table_mut())
                {
                    tier.insert(class.into(), Value::Integer((value / 3 % 4).into()));
                }
            }
            1 => drop(table(book, "complaints").and_then(|t| t.remove("counted_reasons"))),
            2 => {
                let count = ["consecutive", "cumulative"][usize::from(value % 2)];
                table(book, "outages")
                    .unwrap()
                    .insert("count".into(), count.into());
            }
            3 => {
                let causes = some(&["developer", "platform", "third_party"], value);
                table(book, "outages")
                    .unwrap()
                    .insert("counted_causes".into(), texts(&causes));
            }
            4 => {
                if let Some(tier) = item(book, "outages", "tiers", at) {
                    tier.insert("days".into(), Value::Integer((value % 6).into()));
                }
            }
            5 => figure(item(book, "", "sanctions", at), "days", value, 20),
            6 => figure(
                item(book, "", "sanctions", at),
                "days_per_violation",
                value,
                5,
            ),
            7 => figure(
                item(book, "", "sanctions", at),
                "fix_within_hours",
                value,
                72,
            ),
            8 => {
                if let Some(row) = item(book, "", "sanctions", at) {
                    row.insert("measures".into(), texts(&some(&MEASURES, value)));
                    row.insert("or_more".into(), Value::Boolean(value % 2 == 0));
                }
            }
            9 => {
                let rows = book.get_mut("sanctions").and_then(Value::as_array_mut);
                if let Some(rows) = rows.filter(|rows| !rows.is_empty()) {
                    rows.remove(usize::from(at) % rows.len());
                }
            }
            10 | 32 | 33 => figure(
                table(book, "developers"),
                "downgrade_when_more_than",
                value,
                4,
            ),
            11 | 12 => figure(
                table(book, "developers"),
                "terminate_when_more_than",
                value,
                8,
            ),
            13 | 14 => {
                let level = (value % 3) + 1;
                table(book, "developers")
                    .unwrap()
                    .insert("serious_level".into(), Value::Integer(level.into()));
            }
            15 => {
                let grades: &[&str] = match value % 3 {
                    0 => &["ordinary"],
                    1 => &["ordinary", "intermediate"],
                    _ => &["basic", "ordinary", "intermediate", "advanced", "partner"],
                };
                let developers = table(book, "developers").unwrap();
                developers.insert("grades".into(), texts(grades));
                developers.remove("call_limits");
                let initial = grades[usize::from(at) % grades.len()];
                developers.insert("initial_grade".into(), initial.into());
            }
            16 => drop(book.remove(["ranking", "certification"][usize::from(value % 2)])),
            17 | 18 => figure(table(book, "ranking"), "window_days", value, 40),
            19 => {
                if let Some(ranking) = table(book, "ranking") {
                    ranking.insert("suspended_by".into(), texts(&some(&MEASURES, value)));
                    ranking.insert("channels".into(), texts(&some(&CHANNELS, at)));
                }
            }
            20 => {
                if let Some(behavior) = item(book, "ranking", "behaviors", at) {
                    let counts = ["each", "state"][usize::from(value % 2)];
                    behavior.insert("counts".into(), counts.into());
                    behavior.insert("weight".into(), Value::Integer(i64::from(value % 41) - 20));
                }
            }
            21 | 22 => {
                if let Some(asked) = table(book, "certification") {
                    let window = i64::from(value % 10) + 1;
                    asked.insert("channels".into(), texts(&some(&CHANNELS, at)));
                    asked.insert("window_days".into(), Value::Integer(window));
                    asked.insert(
                        "listed_more_than_days".into(),
                        Value::Integer((value / 10 % 40).into()),
                    );
                    asked.insert(
                        "average_daily_users".into(),
                        Value::Integer((value % 3000).into()),
                    );
                }
            }
            23 => {
                let channel = CHANNELS[usize::from(at % 5)];
                let stages = ["declaration", "copy", "plaza", "recheck"];
                let clocks = table(book, "review")
                    .unwrap()
                    .entry("clocks")
                    .or_insert_with(|| Value::Table(Table::new()));
                let clocks = clocks.as_table_mut().unwrap().entry(channel);
                let clocks = clocks.or_insert_with(|| Value::Table(Table::new()));
                let stage = stages[usize::from(at / 5 % 4)];
                figure(clocks.as_table_mut(), stage, value, 12);
            }
            24 => figure(table(book, "review"), "declaration_valid_months", value, 4),
            25 => figure(
                table(book, "inspection"),
                "fix_within_working_days",
                value,
                6,
            ),
            26 => figure(table(book, "inspection"), "observation_days", value, 10),
            27 => {
                let key = ["fix_within_hours", "hold_working_days"][usize::from(value / 4 % 2)];
                let mut rule = Table::new();
                figure(Some(&mut rule), key, value, 60);
                let permission = ["ordinary", "partner"][usize::from(at / 5 % 2)];
                let reports = book
                    .entry("reports")
                    .or_insert_with(|| Value::Table(Table::new()));
                let of_channel = reports
                    .as_table_mut()
                    .unwrap()
                    .entry(CHANNELS[usize::from(at % 5)])
                    .or_insert_with(|| Value::Table(Table::new()));
                let of_channel = of_channel.as_table_mut().unwrap();
                of_channel.insert(permission.into(), Value::Table(rule));
            }
            28 | 29 => {
                let data = book
                    .entry("data")
                    .or_insert_with(|| Value::Table(Table::new()));
                let data = data.as_table_mut().unwrap();
                data.insert("delete_on_termination".into(), (value % 3 > 0).into());
                figure(Some(data), "delete_within_hours", at, 72);
            }
            30 | 34 => {
                if let Some(violation) = item(book, "", "violations", at) {
                    violation.insert("level".into(), Value::Integer((value % 3 + 1).into()));
                }
            }
            _ => {
                let violations = book.get_mut("violations").and_then(Value::as_array_mut);
                if let Some(all) = violations.filter(|all| !all.is_empty()) {
                    all.remove(usize::from(at) % all.len());
                }
            }
        }
    }
}

/// A rulebook to be: which preset, from when, edited how.
#[derive(Clone, Debug)]
pub(crate) struct BookSeed {
    base: usize,
    from: Option<(i32, u32, u32)>,
    edits: Vec<Edit>,
}

impl BookSeed {
    /// Its text, as the given version.
    pub(crate) fn text(&self, version: usize) -> String {
        let mut book = BASES[self.base].clone();
        for edit in &self.edits {
            edit.apply(&mut book);
        }
        book.insert("version".into(), format!("v{version}").into());
        if let Some((year, month, day)) = self.from {
            let date = format!("{year}-{month:02}-{day:02}");
            book.insert(
                "effective_from".into(),
                Value::Datetime(date.parse().unwrap()),
            );
        }
        let text = toml::to_string(&book).unwrap();
        if let Err(error) = Rulebook::parse(&text) {
            panic!("an edited rulebook is to be valid: {error}\n{text}");
        }
        text
    }
}

/// Rulebooks as they are, and edited ones from any date of 2013 to 2016.
pub(crate) fn book() -> impl Strategy<Value = BookSeed> {
    let edit = (0u8..36, any::<u16>(), any::<u16>());
    let edit = edit.prop_map(|(what, at, value)| Edit { what, at, value });
    let edits = prop_oneof![
        1 => Just(Vec::new()),
        5 => prop::collection::vec(edit, 1..12),
    ];
    let day = prop_oneof![Just(1u32), 1..29u32];
    let from = prop::option::weighted(0.7, (2013..2017i32, 1..13u32, day));
    (0..3usize, from, edits).prop_map(|(base, from, edits)| BookSeed { base, from, edits })
}
