//! The obligations of an app (SPEC §8).

use super::build::Build;
use super::graph::{Node, NodeKind};
use super::place::Place;
use crate::provenance::DutyRule;

impl Build<'_> {
    pub(super) fn obligation(&mut self, app: usize, o: usize) -> String {
        let (standing, id) = (
            self.app_at(app),
            format!("{}/obligation:{}", self.app_id(app), o + 1),
        );
        if self.has(&id) {
            return id;
        }
        let obligation = &standing.obligations[o];
        let event = match obligation.rule {
            DutyRule::Sanction(number) => self.sanction_of(app, number),
            _ => None,
        };
        let place = Place::of_duty(obligation.rule, standing.channel);
        let mut because = vec![event.unwrap_or_else(|| self.event(obligation.cause))];
        because.extend(place.map(|(rules, place)| self.rule(rules, place)));
        because.extend(obligation.ended.map(|(_, by)| self.event(by)));
        let (kind, owner) = (obligation.kind.as_str(), obligation.owner.as_str());
        let code = obligation.code.map(|code| self.word(code));
        let due = obligation.due.map(|due| self.when(due));
        let ended = obligation.ended.map(|(at, _)| self.when(at));
        let text = self.say.obligation(
            (self.word(owner), self.word(kind), code),
            due.as_deref(),
            (
                self.word(obligation.state.as_str()),
                ended.as_deref(),
                obligation.late,
            ),
        );
        let node = Node::new(NodeKind::Obligation, &text)
            .with("owner", owner)
            .with("kind", kind)
            .with("code", obligation.code)
            .with("state", obligation.state.as_str())
            .with("late", obligation.late)
            .at("since", obligation.since)
            .at("due", obligation.due)
            .at("ended", obligation.ended.map(|(at, _)| at))
            .because(because);
        self.add(id, node)
    }
}
