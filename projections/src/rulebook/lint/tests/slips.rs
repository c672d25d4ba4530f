//! Slips of the pen in the clean rulebook, and what is found of each.

/// What is replaced, by what, and what is then found: severity and rule, and the text that stands
/// at its place.
pub(super) type Slip = (&'static str, &'static str, &'static [&'static str]);

pub(super) const ALL: [&[Slip]; 5] = [TIERS, LADDER, DEVELOPERS, REVIEW, WORDS];

const TIERS: &[Slip] = &[
    (
        "{ strong = 2, normal = 20 }",
        "{}",
        &["warning tier_empty @ [[complaints.tiers]] # c2"],
    ),
    (
        "{ strong = 2, normal = 20 }",
        "{ strong = 3, normal = 31 }",
        &["warning tier_unreachable @ [[complaints.tiers]] # c2"],
    ),
    (
        "strong = 2, normal = 20",
        "strong = 2, normal = 40",
        &["warning threshold_order @ normal = 40"],
    ),
    // A class that only the less severe tier names is always of use.
    ("strong = 2, normal = 20", "celebrity = 9", &[]),
    (
        "level = 2\nmore_than",
        "level = 1\nmore_than",
        &["warning tier_level_twice @ [[complaints.tiers]] # c2"],
    ),
    (
        "level = 1\nmore_than",
        "level = 3\nmore_than",
        &[
            "warning ladder_missing_level @ [[complaints.tiers]] # c1",
            "warning tier_unreachable @ [[complaints.tiers]] # c1",
            "note tier_order @ [[complaints.tiers]] # c2",
        ],
    ),
    (
        "days = 2\n",
        "days = 3\n",
        &["warning tier_unreachable @ [[outages.tiers]] # o2"],
    ),
    (
        "days = 2\n",
        "days = 0\n",
        &["warning outage_days @ days = 0"],
    ),
    (
        "days = 3\nclause = \"o1\"",
        "days = 32\nclause = \"o1\"",
        &["warning outage_days @ days = 32"],
    ),
    (
        "level = 2\ndays = 2",
        "level = 1\ndays = 2",
        &["warning tier_level_twice @ [[outages.tiers]] # o2"],
    ),
];

const LADDER: &[Slip] = &[
    (
        "nth = 2",
        "nth = 1",
        &[
            "warning ladder_row_twice @ [[sanctions]] # s22",
            "warning ladder_gap @ [[sanctions]] # s23",
        ],
    ),
    (
        "nth = 3",
        "nth = 4294967295",
        &[
            "error figure @ [[sanctions]] # s23",
            "warning ladder_gap @ [[sanctions]] # s23",
        ],
    ),
    (
        "nth = 1\nmeasures = [\"warning\"]",
        "nth = 9\nmeasures = [\"warning\"]",
        &[
            "warning ladder_gap @ [[sanctions]] # s21",
            "warning ladder_open_end @ [[sanctions]] # s21",
            "warning ladder_gap @ [[sanctions]] # s22",
            "warning ladder_or_more_early @ [[sanctions]] # s23",
        ],
    ),
    (
        "nth = 3\nor_more = true",
        "nth = 3",
        &["warning ladder_open_end @ [[sanctions]] # s23"],
    ),
    (
        "level = 1\nnth = 1",
        "level = 3\nnth = 1",
        &[
            "warning ladder_missing_level @ [[complaints.tiers]] # c1",
            "warning ladder_unused_level @ [[sanctions]] # s11",
        ],
    ),
    (
        "code = \"scraping\"\nlevel = 1",
        "code = \"scraping\"\nlevel = 3",
        &["warning ladder_missing_level @ [[violations]] # v"],
    ),
    (
        "measures = [\"block_api\"]",
        "measures = []",
        &["warning measures_empty @ [[sanctions]] # s11"],
    ),
    (
        "measures = [\"block_api\"]\ndays = 3",
        "measures = []\nfix_within_hours = 24",
        &["note measures_empty @ [[sanctions]] # s11"],
    ),
    (
        "measures = [\"block_api\"]",
        "measures = [\"blok_api\"]",
        &["error unknown_measure @ [[sanctions]] # s11"],
    ),
    (
        "measures = [\"warning\"]",
        "measures = [\"warning\"]\ndays = 3",
        &["warning warning_with_length @ days = 3\nclause = \"s21\""],
    ),
    (
        "measures = [\"warning\"]",
        "measures = [\"warning\", \"close_app\"]\ndays = 3",
        &[],
    ),
    (
        "days = 7\n",
        "",
        &["warning length_without_days @ days_per_violation"],
    ),
    ("days = 7\n", "days = 0\n", &[]),
    (
        "days = 3\nclause = \"s1\"",
        "days = 0\nclause = \"s1\"",
        &["warning length_zero @ days = 0"],
    ),
];

const DEVELOPERS: &[Slip] = &[
    (
        "terminate_when_more_than = 10",
        "terminate_when_more_than = 5",
        &["warning terminate_before_downgrade @ terminate_when_more_than"],
    ),
    (
        "downgrade_when_more_than = 5",
        "",
        &["warning serious_level_idle @ serious_level"],
    ),
    (
        "[\"low\", \"high\"]",
        "[\"low\"]",
        &[
            "warning serious_level_idle @ serious_level",
            "warning call_limits_unknown_grade @ high = 2",
        ],
    ),
    (
        "low = 1, high = 2",
        "low = 1",
        &["warning call_limits_missing_grade @ call_limits"],
    ),
    (
        "weight = 30",
        "weight = 0",
        &["warning weight_zero @ weight = 0"],
    ),
    (
        "[ranking]",
        "[ranking]\nwindow_days = 0",
        &["warning window_zero @ window_days = 0"],
    ),
    (
        "suspended_by = [\"block_api\"]",
        "suspended_by = [\"block_api\", \"warning\"]",
        &["warning suspended_by_warning @ \"warning\"]\n[[ranking"],
    ),
    (
        "channels = [\"enterprise\"]\nlisted",
        "channels = [\"website\"]\nlisted",
        &["warning channel_never_listed @ \"website\""],
    ),
    // Ranking without certification is fine.
    (
        "[\"enterprise\"]\nsuspended",
        "[\"enterprise\", \"general\"]\nsuspended",
        &[],
    ),
    // Only violations share their codes with the incidents that the rules make themselves.
    ("code = \"hosted\"", "code = \"outage\"", &[]),
];

const REVIEW: &[Slip] = &[
    (
        "[review.clocks.website]\n",
        "[review.clocks.website]\nplaza = 7\n",
        &["warning clock_unused @ plaza = 7"],
    ),
    (
        "[review.clocks.website]\n",
        "[review.clocks.website]\ndeclaration = 7\n",
        &["warning clock_unused @ declaration = 7"],
    ),
    (
        "copy = 3",
        "",
        &["warning clocks_empty @ website]\n\n[review.reasons]"],
    ),
    (
        "[review.clocks.enterprise]\ndeclaration = 3",
        "",
        &["warning declaration_without_clock @ declaration_valid_months"],
    ),
    (
        "{ code = \"name\"",
        "{ code = \"icon\"",
        &["warning reason_twice @ { code = \"icon\", title = { en = \"Name\""],
    ),
    (
        "[review.reasons]",
        "[review.reasons]\nwebsite = []",
        &["warning reasons_empty @ website = []"],
    ),
    (
        "{ fix_within_hours = 48 }",
        "{}",
        &["warning report_empty @ partner = {}"],
    ),
    (
        "[reports.general]",
        "[reports.website]\n[reports.general]",
        &["warning report_empty @ website]\n[reports.general]"],
    ),
];

const WORDS: &[Slip] = &[
    (
        "clause = \"v\"\n",
        "",
        &["note clause_missing @ [[violations]] # v"],
    ),
    (
        "clause = \"c1\"\n",
        "",
        &["note clause_missing @ [[complaints.tiers]] # c1"],
    ),
    (
        "clause = \"o1\"\n",
        "clause = \" \"\n",
        &["note clause_missing @ [[outages.tiers]] # o1"],
    ),
    (
        "clause = \"s1\"\n",
        "",
        &["note clause_missing @ [[sanctions]] # s11"],
    ),
    (
        "clause = \"b\"\n",
        "",
        &["note clause_missing @ [[ranking.behaviors]] # b"],
    ),
    (
        "clause = \"cert\"\n",
        "",
        &["note clause_missing @ certification]"],
    ),
    (
        "clause = \"t\"\n",
        "",
        &["note clause_missing @ [[tests]] # t"],
    ),
    (
        "title = { en = \"Hosted\", zh = \"托管\" }\n",
        "",
        &["note title_missing @ [[ranking.behaviors]] # b"],
    ),
    (
        "zh = \"抓取\"",
        "zh = \"\"",
        &["note title_one_language @ [[violations]] # v"],
    ),
    (
        "title = { en = \"Icon\", zh = \"图标\" }",
        "title = \"Icon\"",
        &["note title_one_language @ { code = \"icon\""],
    ),
    (
        "expect = { tier = 1 }",
        "expect = {}",
        &["warning test_expects_nothing @ [[tests]] # t"],
    ),
    (
        "[[tests]] # t\nname = \"a test\"\nclause = \"t\"\ngiven = { violations = [\"scraping\"] }\nexpect = { tier = 1 }\n",
        "",
        &["note tests_missing @ id = "],
    ),
];
