//! Reading a condition: words and operators, each with its place.

use super::condition::{Condition, ConditionError, Flag, Op, Place, Test};
use crate::measure::Measure;
use crate::review::ReviewState;
use crate::standing::Status;

/// Every field that a condition may begin with.
const FIELDS: [&str; 11] = [
    "tier",
    "status",
    "grade",
    "score",
    "rank",
    "review",
    "measure",
    "eligible",
    "on_board",
    "on_hold",
    "key_disabled",
];
/// Characters of which operators are made.
const SIGNS: &str = "<>=!";

#[derive(Clone, Copy, Debug)]
struct Token<'t> {
    text: &'t str,
    column: usize,
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let kind = |c: char| (c.is_whitespace(), SIGNS.contains(c));
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let mut column = 1;
    let runs = chars.chunk_by(|(_, a), (_, b)| kind(*a) == kind(*b));
    let tokens = runs.filter_map(|run| {
        let at = column;
        column += run.len();
        let (start, first) = *run.first()?;
        let (last, c) = *run.last()?;
        let text = text.get(start..last + c.len_utf8())?;
        (!first.is_whitespace()).then_some(Token { text, column: at })
    });
    tokens.collect()
}

fn error(code: &'static str, column: usize, message: String) -> ConditionError {
    ConditionError {
        code,
        message,
        place: Place { column },
        hint: None,
    }
}

fn shown(text: &str) -> String {
    crate::text::one_line(&text.chars().take(64).collect::<String>())
}

/// What is left to read.
struct Reader<'t> {
    tokens: std::vec::IntoIter<Token<'t>>,
    /// Just past the last character.
    end: usize,
}

impl<'t> Reader<'t> {
    fn next(&mut self, wanted: &str) -> Result<Token<'t>, ConditionError> {
        let message = || format!("the condition ends where {wanted} is missing");
        let missing = || error("condition.incomplete", self.end, message());
        self.tokens.next().ok_or_else(missing)
    }

    fn op(&mut self) -> Result<(Op, Token<'t>), ConditionError> {
        let token = self.next("an operator")?;
        let found = Op::ALL.iter().find(|(_, text)| *text == token.text);
        match (found, token.text) {
            (Some((op, _)), _) => Ok((*op, token)),
            (None, "==") => Ok((Op::Equal, token)),
            _ => {
                let message = format!("`{}` is no operator", shown(token.text));
                let error = error("condition.operator_invalid", token.column, message);
                Err(hint(error, "the operators are =, !=, <, <=, > and >="))
            }
        }
    }

    /// `=` or `!=`, for words that have no order.
    fn equal(&mut self, field: &str) -> Result<bool, ConditionError> {
        match self.op()? {
            (Op::Equal, _) => Ok(true),
            (Op::NotEqual, _) => Ok(false),
            (_, token) => {
                let message = format!("`{field}` has no order");
                let error = error("condition.operator_invalid", token.column, message);
                Err(hint(error, "compare it with = or !="))
            }
        }
    }

    fn word<T: std::str::FromStr<Err = String>>(&mut self) -> Result<T, ConditionError> {
        let token = self.next("a value")?;
        let parsed = token.text.parse();
        parsed.map_err(|message: String| error("condition.value_invalid", token.column, message))
    }

    fn number(&mut self) -> Result<i64, ConditionError> {
        let token = self.next("a number")?;
        number(token)
    }

    /// A number from 1 on, or `none`.
    fn place(&mut self, op: (Op, Token<'_>), most: i64) -> Result<Option<i64>, ConditionError> {
        let token = self.next("a number")?;
        if token.text == "none" {
            if matches!(op.0, Op::Equal | Op::NotEqual) {
                return Ok(None);
            }
            let message = "`none` has no order".to_owned();
            let error = error("condition.operator_invalid", op.1.column, message);
            return Err(hint(error, "compare it with = or !="));
        }
        let found = number(token)?;
        if (1..=most).contains(&found) {
            return Ok(Some(found));
        }
        let message = if most == i64::MAX {
            format!("`{found}` is no rank: ranks begin at 1")
        } else {
            format!("`{found}` is no tier: there are 1, 2 and 3, and `none`")
        };
        Err(error("condition.value_invalid", token.column, message))
    }
}

fn number(token: Token<'_>) -> Result<i64, ConditionError> {
    token.text.parse().map_err(|_| {
        let message = format!("`{}` is no whole number", shown(token.text));
        error("condition.value_invalid", token.column, message)
    })
}

fn hint(error: ConditionError, hint: impl Into<String>) -> ConditionError {
    ConditionError {
        hint: Some(hint.into()),
        ..error
    }
}

/// Reads a condition.
pub(super) fn condition(text: &str) -> Result<Condition, ConditionError> {
    let mut reader = Reader {
        tokens: tokens(text).into_iter(),
        end: text.chars().count() + 1,
    };
    let mut first = reader.next("a field")?;
    let negated = first.text == "not";
    if negated {
        first = reader.next("a field")?;
    }
    let test = test(first, &mut reader)?;
    if let Some(more) = reader.tokens.next() {
        let message = format!("`{}` is one word too many", shown(more.text));
        let error = error("condition.trailing", more.column, message);
        return Err(hint(error, "a condition is one comparison"));
    }
    Ok(Condition { negated, test })
}

fn test(field: Token<'_>, reader: &mut Reader<'_>) -> Result<Test, ConditionError> {
    if let Some((flag, _)) = Flag::ALL.iter().find(|(_, text)| *text == field.text) {
        return Ok(Test::Flag(*flag, flag_value(field, reader)?));
    }
    match field.text {
        "tier" => {
            let op = reader.op()?;
            Ok(Test::Tier(op.0, reader.place(op, 3)?))
        }
        "rank" => {
            let op = reader.op()?;
            Ok(Test::Rank(op.0, reader.place(op, i64::MAX)?))
        }
        "score" => Ok(Test::Score(reader.op()?.0, reader.number()?)),
        "status" => Ok(Test::Status(
            reader.equal("status")?,
            reader.word::<Status>()?,
        )),
        "review" => Ok(Test::Review(
            reader.equal("review")?,
            reader.word::<ReviewState>()?,
        )),
        "grade" => {
            let (op, _) = reader.op()?;
            let grade = reader.next("a grade")?;
            if grade.text.chars().all(|c| SIGNS.contains(c)) {
                let message = format!("`{}` is no grade", shown(grade.text));
                return Err(error("condition.value_invalid", grade.column, message));
            }
            Ok(Test::Grade(op, grade.text.to_owned()))
        }
        "measure" => {
            let name = reader.next("a measure")?;
            measure(name, reader)
        }
        name if Measure::from_text(name).is_some() => measure(field, reader),
        name => {
            let message = format!("`{}` is nothing that a standing says", shown(name));
            let error = error("condition.field_unknown", field.column, message);
            let all = || format!("write one of {}, or a measure", FIELDS.join(", "));
            Err(match near(name) {
                Some(near) => hint(error, format!("did you mean `{near}`?")),
                None => hint(error, all()),
            })
        }
    }
}

/// `in force` after a measure may be left out.
fn measure(name: Token<'_>, reader: &mut Reader<'_>) -> Result<Test, ConditionError> {
    let parsed = name.text.parse::<Measure>();
    let measure =
        parsed.map_err(|message| error("condition.value_invalid", name.column, message))?;
    if measure == Measure::Warning {
        let message = "a `warning` is never in force: it has no interval".to_owned();
        return Err(error("condition.value_invalid", name.column, message));
    }
    if let Some(word) = reader.tokens.next() {
        let follows = |word: Token<'_>, wanted: &str| match word.text == wanted {
            true => Ok(()),
            false => {
                let message = format!("`{}` stands where `{wanted}` could", shown(word.text));
                let error = error("condition.operator_invalid", word.column, message);
                Err(hint(error, format!("write `{measure} in force`")))
            }
        };
        follows(word, "in")?;
        follows(reader.next("`force`")?, "force")?;
    }
    Ok(Test::Measure(measure))
}

fn flag_value(field: Token<'_>, reader: &mut Reader<'_>) -> Result<bool, ConditionError> {
    if reader.tokens.as_slice().is_empty() {
        return Ok(true);
    }
    let equal = reader.equal(field.text)?;
    let token = reader.next("`yes` or `no`")?;
    match token.text {
        "yes" | "true" => Ok(equal),
        "no" | "false" => Ok(!equal),
        other => {
            let message = format!("`{}` is neither `yes` nor `no`", shown(other));
            Err(error("condition.value_invalid", token.column, message))
        }
    }
}

/// The field that was meant, if a slip or two leads to it.
fn near(name: &str) -> Option<&'static str> {
    let names = FIELDS.iter().copied();
    let all = names.chain(Measure::ALL.iter().map(|measure| measure.as_str()));
    all.map(|field| (slips(name, field), field))
        .filter(|(slips, _)| *slips <= 2)
        .min()
        .map(|(_, field)| field)
}

/// The number of letters to change, add or take away; many where the lengths say enough.
fn slips(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(40).collect(), b.chars().collect());
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::condition;

    #[test]
    fn conditions_read_as_they_are_written() {
        for (text, shown) in [
            ("tier <= 1", "tier <= 1"),
            ("tier<=1", "tier <= 1"),
            ("tier = none", "tier = none"),
            ("  not   tier >= 2 ", "not tier >= 2"),
            ("status == left", "status = left"),
            ("status!=active", "status != active"),
            ("grade < intermediate", "grade < intermediate"),
            ("score >= -3", "score >= -3"),
            ("rank > 10", "rank > 10"),
            ("review = listed", "review = listed"),
            ("eligible", "eligible"),
            ("eligible = true", "eligible"),
            ("on_board != yes", "on_board = no"),
            ("measure block_api", "block_api in force"),
            ("measure close_app in force", "close_app in force"),
            ("take_offline in force", "take_offline in force"),
            ("close_app", "close_app in force"),
        ] {
            let read = condition(text).unwrap();
            assert_eq!(read.to_string(), shown);
            assert_eq!(condition(shown).unwrap(), read);
        }
    }

    #[test]
    fn errors_say_where_and_what() {
        for (text, code, column) in [
            ("", "condition.incomplete", 1),
            ("not", "condition.incomplete", 4),
            ("tier", "condition.incomplete", 5),
            ("tier <=", "condition.incomplete", 8),
            ("tier <= 4", "condition.value_invalid", 9),
            ("tier <= one", "condition.value_invalid", 9),
            ("tier < none", "condition.operator_invalid", 6),
            ("tier ~ 1", "condition.operator_invalid", 6),
            ("tier =< 1", "condition.operator_invalid", 6),
            ("rank = 0", "condition.value_invalid", 8),
            ("score = 9223372036854775808", "condition.value_invalid", 9),
            ("status < left", "condition.operator_invalid", 8),
            ("status = gone", "condition.value_invalid", 10),
            ("等级 = 1", "condition.field_unknown", 1),
            ("score = 等级", "condition.value_invalid", 9),
            ("measure warning", "condition.value_invalid", 9),
            ("measure block", "condition.value_invalid", 9),
            ("block_api on", "condition.operator_invalid", 11),
            ("block_api in", "condition.incomplete", 13),
            ("eligible = maybe", "condition.value_invalid", 12),
            ("eligible eligible", "condition.operator_invalid", 10),
            ("grade = =", "condition.value_invalid", 9),
            ("tier = 1 and score = 2", "condition.trailing", 10),
        ] {
            let error = condition(text).unwrap_err();
            let found = (error.code, error.place.column);
            assert_eq!(found, (code, column), "{text}: {error}");
        }
        let error = condition("blok_api").unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("did you mean `block_api`?"));
    }
}
