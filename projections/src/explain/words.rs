//! The closed words of the domain, in English and in Chinese; another word stands for itself. The
//! Chinese ones are those of the platforms' own rules, where they have one.

use crate::rulebook::{Lang, Level};

#[rustfmt::skip]
const WORDS: &[(&str, &str, &str)] = &[
    // Statuses.
    ("active", "active", "合作中"),
    ("terminable", "terminable", "可终止合作"),
    ("terminated", "terminated", "已终止合作"),
    ("left", "left", "已自行退出"),
    // Measures.
    ("warning", "warning", "警告"),
    ("stop_new_authorizations", "no new user authorizations", "停止新用户授权"),
    ("close_app", "app closed", "关闭应用"),
    ("block_api", "API blocked", "封停接口访问"),
    ("take_offline", "app taken offline", "应用下线"),
    // Codes of the rules' own.
    ("complaints", "complaints", "投诉"),
    ("outage", "outage", "服务异常"),
    // Classes of complaints.
    ("strong", "strong", "强烈投诉"),
    ("normal", "normal", "普通投诉"),
    ("celebrity", "celebrity", "明星用户或企业认证机构投诉"),
    // Causes of outages, owners of obligations.
    ("developer", "developer", "开发者"),
    ("platform", "platform", "平台"),
    ("third_party", "third party", "第三方"),
    // Channels and permissions.
    ("enterprise", "enterprise", "企业应用"),
    ("in_site", "in-site", "站内应用"),
    ("general", "general", "普通应用"),
    ("website", "website", "网站接入"),
    ("official_account", "official account", "公众号"),
    ("ordinary", "ordinary", "普通"),
    ("partner", "partner", "合作"),
    // Stages and states of review.
    ("declaration", "declaration", "申报"),
    ("copy", "copy", "文案"),
    ("plaza", "plaza", "应用广场"),
    ("undeclared", "not declared", "未申报"),
    ("declaration_pending", "declaration pending", "申报待审"),
    ("declaration_rejected", "declaration rejected", "申报被驳回"),
    ("developing", "developing", "开发中"),
    ("copy_pending", "copy pending", "文案待审"),
    ("copy_rejected", "copy rejected", "文案被驳回"),
    ("copy_approved", "copy approved", "文案已通过"),
    ("copy_revoked", "copy approval revoked", "文案批准已撤回"),
    ("plaza_pending", "plaza pending", "应用广场待审"),
    ("plaza_rejected", "plaza rejected", "应用广场被驳回"),
    ("listed", "listed", "已上架"),
    ("delisted", "delisted", "已下架"),
    // How grave, and how decided.
    ("minor", "minor", "轻微"),
    ("serious", "serious", "严重"),
    ("multi_account", "multi-account", "多账号作恶"),
    ("extreme", "extreme", "极其严重"),
    ("granted", "granted", "申诉成立"),
    ("denied", "denied", "申诉驳回"),
    ("true", "yes", "是"),
    ("false", "no", "否"),
    // Kinds and states of obligations.
    ("fix_violation", "to fix the violation", "修复违规"),
    ("fix_inspection", "to fix what the inspection found", "修复排查所见问题"),
    ("fix_report", "to fix what the report found", "修复举报所见问题"),
    ("review", "to decide on the submission", "审核提交"),
    ("delete_data", "to delete data", "删除数据"),
    ("met", "met", "已履行"),
    ("withdrawn", "fallen away", "已免除"),
    ("overdue", "overdue", "已逾期"),
    ("open", "open", "待履行"),
    // A condition that only a person judges.
    ("platform_related", "related to the platform", "与平台相关"),
    // Types of events.
    ("developer.registered", "developer registered", "开发者登记"),
    ("developer.graded", "grade set", "评定等级"),
    ("developer.terminated", "cooperation terminated by the platform", "平台终止合作"),
    ("developer.left", "developer left", "开发者退出合作"),
    ("developer.reinstated", "developer reinstated", "恢复合作"),
    ("app.registered", "app registered", "应用登记"),
    ("app.permission_changed", "permission changed", "权限变更"),
    ("app.delisted", "app delisted", "应用下架"),
    ("app.key_disabled", "key disabled", "停用密钥"),
    ("app.key_enabled", "key enabled", "启用密钥"),
    ("violation.found", "violation found", "发现违规"),
    ("violation.remedied", "violation remedied", "违规已修复"),
    ("complaint.received", "complaint received", "收到投诉"),
    ("outage.started", "outage started", "服务异常开始"),
    ("outage.ended", "outage ended", "服务异常结束"),
    ("outage.explained", "outage explained", "服务异常已说明"),
    ("outage.day_recorded", "outage day recorded", "记录服务异常日"),
    ("behavior.observed", "behaviour observed", "观察到行为"),
    ("behavior.ceased", "behaviour ceased", "行为已停止"),
    ("usage.reported", "usage reported", "上报用户数"),
    ("certification.assessed", "certification condition assessed", "评定认证条件"),
    ("review.submitted", "submitted for review", "提交审核"),
    ("review.approved", "review approved", "审核通过"),
    ("review.rejected", "review rejected", "审核驳回"),
    ("inspection.failed", "inspection failed", "排查不合格"),
    ("inspection.remedied", "inspection remedied", "排查问题已修复"),
    ("report.confirmed", "report confirmed", "举报属实"),
    ("report.remedied", "report remedied", "举报问题已修复"),
    ("measure.imposed", "measures imposed", "采取措施"),
    ("measure.lifted", "measures lifted", "解除措施"),
    ("data_deletion.ordered", "data deletion ordered", "责令删除数据"),
    ("data_deletion.confirmed", "data deletion confirmed", "确认删除数据"),
    ("event.retracted", "event retracted", "撤回事件"),
    ("appeal.filed", "appeal filed", "提出申诉"),
    ("appeal.decided", "appeal decided", "裁定申诉"),
    ("decision.proposed", "decision proposed", "提议决定"),
    ("decision.confirmed", "decision confirmed", "确认决定"),
    ("decision.withdrawn", "proposal withdrawn", "撤回提议"),
    ("rulebook.published", "rulebook published", "发布规则"),
    ("private.erased", "private data erased", "清除隐私数据"),
];

/// A word of the domain in that language: a measure, a type of event, a status and the like. A word
/// that is none stands for itself.
#[must_use]
pub fn word(lang: Lang, word: &str) -> &str {
    WORDS
        .iter()
        .find(|(code, ..)| *code == word)
        .map_or(word, |(_, en, zh)| match lang {
            Lang::En => *en,
            Lang::Zh => *zh,
        })
}

/// A level: `level 2`, `二级`.
pub(super) fn level(lang: Lang, level: Level) -> String {
    match lang {
        Lang::En => format!("level {level}"),
        Lang::Zh => format!("{}级", ["一", "二", "三"][level.index()]),
    }
}

/// A number of things, in English.
pub(super) fn count(n: usize, one: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{n} {one}{s}")
}

/// A list in that language.
pub(super) fn list(lang: Lang, items: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let between = match lang {
        Lang::En => ", ",
        Lang::Zh => "、",
    };
    let items: Vec<_> = items.into_iter().collect();
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    items.join(between)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Kind;
    use crate::measure::Measure;
    use crate::obligations::DutyKind;
    use crate::review::ReviewState;
    use crate::standing::{ObligationState, Status};

    #[test]
    fn every_word_of_the_domain_has_a_chinese_one() {
        let closed = [
            Kind::ALL.iter().map(|w| w.as_str()).collect::<Vec<_>>(),
            Measure::ALL.iter().map(|w| w.as_str()).collect(),
            DutyKind::ALL.iter().map(|w| w.as_str()).collect(),
            ReviewState::ALL.iter().map(|w| w.as_str()).collect(),
            Status::ALL.iter().map(|w| w.as_str()).collect(),
            ObligationState::ALL.iter().map(|w| w.as_str()).collect(),
        ];
        for code in closed.concat() {
            assert_ne!(word(Lang::Zh, code), code);
        }
    }
}
