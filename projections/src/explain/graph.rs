//! The explanation as data: nodes by id, and the tree that is drawn of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::rulebook::Lang;
use crate::time::Instant;
use crate::words::words;

words! {
    /// What a node of an explanation is.
    NodeKind {
        /// A developer.
        Developer = "developer",
        /// An app.
        App = "app",
        /// A month of a developer or an app.
        Month = "month",
        /// The tier of a month.
        Tier = "tier",
        /// An incident.
        Incident = "incident",
        /// An incident beginning, or escalating.
        Step = "step",
        /// A date that counts as an outage day.
        OutageDay = "outage_day",
        /// What was counted in a month without reaching a level.
        Count = "count",
        /// Complaints of a month whose reasons do not count.
        Uncounted = "uncounted",
        /// A code that the month's catalogue lacks.
        Unclassified = "unclassified",
        /// A sanction.
        Sanction = "sanction",
        /// A measure, or one of its intervals.
        Measure = "measure",
        /// A score.
        Score = "score",
        /// What a behaviour adds to a score.
        Behavior = "behavior",
        /// V-certification.
        Certification = "certification",
        /// A condition of it.
        Condition = "condition",
        /// Where an app is in its review.
        Review = "review",
        /// What keeps an app from being approved.
        Hold = "hold",
        /// A developer's status.
        Status = "status",
        /// A developer's grade.
        Grade = "grade",
        /// A fall by a grade.
        Downgrade = "downgrade",
        /// The end of a cooperation by a month's incidents.
        Termination = "termination",
        /// Something owed.
        Obligation = "obligation",
        /// An event that does not count, and what took it back.
        Disregarded = "disregarded",
        /// A place in a rulebook.
        Rule = "rule",
        /// A version of a rulebook.
        Rulebook = "rulebook",
        /// An event.
        Event = "event",
    }
}

/// A statement, and what it follows from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Node {
    /// What it is about.
    pub kind: NodeKind,
    /// The statement: one line, instants in local time.
    pub text: String,
    /// The same for machines, instants in UTC.
    pub details: BTreeMap<&'static str, Value>,
    /// The ids of what it follows from, in the order to read them.
    pub because: Vec<String>,
    /// How a tree names it where its statement stands above.
    #[serde(skip)]
    pub(super) name: Option<String>,
}

impl Node {
    /// What events carry was written by others: nothing of it may move a terminal's cursor or
    /// turn the direction of a line.
    pub(super) fn new(kind: NodeKind, text: &str) -> Self {
        Self {
            kind,
            text: text.chars().map(harmless).collect(),
            details: BTreeMap::new(),
            because: Vec::new(),
            name: None,
        }
    }

    /// A node whose statement begins with a name of its own.
    pub(super) fn named(kind: NodeKind, name: &str, text: &str) -> Self {
        let name = name.chars().map(harmless).collect();
        Self {
            name: Some(name),
            ..Self::new(kind, text)
        }
    }

    pub(super) fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        self.details.insert(key, value.into());
        self
    }

    pub(super) fn at(self, key: &'static str, at: impl Into<Option<Instant>>) -> Self {
        let at = at.into().map(|at| at.to_string());
        self.with(key, at)
    }

    pub(super) fn because(mut self, because: impl IntoIterator<Item = String>) -> Self {
        self.because.extend(because);
        self
    }
}

/// A character, or a space for one that could move a cursor or turn a line around.
fn harmless(c: char) -> char {
    match c {
        '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => ' ',
        c if c.is_control() => ' ',
        c => c,
    }
}

/// An explanation: statements by id, each pointing at what it follows from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Graph {
    /// Where to begin.
    pub roots: Vec<String>,
    /// The statements. What several follow from is there once.
    pub nodes: BTreeMap<String, Node>,
    #[serde(skip)]
    pub(super) lang: Lang,
}

/// A line of a [`Tree`].
#[derive(Clone, Copy, Debug)]
pub struct Branch<'a> {
    /// How far from the root.
    pub depth: usize,
    /// Whether no sibling comes after it.
    pub last: bool,
    /// The node's id.
    pub id: &'a str,
    /// The node.
    pub node: &'a Node,
    /// Whether it stood in the tree already; what it follows from is not repeated.
    pub seen_before: bool,
}

/// A graph as a tree, for people.
#[derive(Clone, Debug)]
pub struct Tree<'a> {
    graph: &'a Graph,
    branches: Vec<Branch<'a>>,
}

/// The graph as a tree: each root, what it follows from, and so on. What follows from the same
/// node twice shows the node's own branches the first time only. A rulebook stands in the tree
/// once, as the line of each of its rules names it.
#[must_use]
pub fn tree(graph: &Graph) -> Tree<'_> {
    let mut branches = Vec::new();
    let mut seen = BTreeSet::new();
    let mut to_do: Vec<(&str, usize, bool)> = Vec::new();
    to_do.extend(graph.roots.iter().rev().map(|id| (id.as_str(), 0, true)));
    while let Some((id, depth, last)) = to_do.pop() {
        let Some(node) = graph.nodes.get(id) else {
            continue;
        };
        let seen_before = !seen.insert(id);
        branches.push(Branch {
            depth,
            last,
            id,
            node,
            seen_before,
        });
        if !seen_before {
            let known = |id: &str| graph.is_rulebook(id) && seen.contains(id);
            let children = node.because.iter().rev().filter(|id| !known(id));
            let children = children.enumerate();
            to_do.extend(children.map(|(place, id)| (id.as_str(), depth + 1, place == 0)));
        }
    }
    Tree { graph, branches }
}

impl Graph {
    fn is_rulebook(&self, id: &str) -> bool {
        let node = self.nodes.get(id);
        node.is_some_and(|node| node.kind == NodeKind::Rulebook)
    }
}

impl<'a> Tree<'a> {
    /// Its lines, from the top.
    #[must_use]
    pub fn branches(&self) -> &[Branch<'a>] {
        &self.branches
    }

    /// Whether a line leaves out what stands above.
    fn is_cut(&self, branch: &Branch<'_>) -> bool {
        let mut children = branch.node.because.iter();
        branch.seen_before && children.any(|id| !self.graph.is_rulebook(id))
    }

    fn line(&self, branch: &Branch<'a>) -> String {
        let node = branch.node;
        if !self.is_cut(branch) {
            return node.text.clone();
        }
        let name = node.name.as_ref().unwrap_or(&node.text);
        match self.graph.lang {
            Lang::En => format!("{name} (see above)"),
            Lang::Zh => format!("{name}（见上）"),
        }
    }
}

impl<'a> IntoIterator for Tree<'a> {
    type Item = Branch<'a>;
    type IntoIter = std::vec::IntoIter<Branch<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.branches.into_iter()
    }
}

impl fmt::Display for Tree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut ended: Vec<bool> = Vec::new();
        for branch in &self.branches {
            ended.truncate(branch.depth);
            for ended in ended.iter().skip(1) {
                f.write_str(if *ended { "   " } else { "│  " })?;
            }
            if branch.depth > 0 {
                f.write_str(if branch.last { "└─ " } else { "├─ " })?;
            }
            ended.push(branch.last);
            writeln!(f, "{}", self.line(branch))?;
        }
        Ok(())
    }
}
