//! The words that events' data is written in: closed sets, each with its texts.

use crate::words::words;

words! {
    /// How a partner cooperates.
    DeveloperKind {
        /// Serves users through the platform's connection.
        Connection = "connection",
        /// Serves enterprises.
        Service = "service",
    }
}

words! {
    /// Where an app lives.
    Channel {
        /// On enterprises' pages.
        Enterprise = "enterprise",
        /// Inside the platform's frame.
        InSite = "in_site",
        /// Anywhere else, clients among them.
        General = "general",
        /// A web site that is connected.
        Website = "website",
        /// An official account.
        OfficialAccount = "official_account",
    }
}

words! {
    /// What an app may call.
    Permission {
        /// What every app may.
        Ordinary = "ordinary",
        /// What partners may.
        Partner = "partner",
    }
}

words! {
    /// How grave a complaint is.
    ComplaintClass {
        /// A strong one.
        Strong = "strong",
        /// A normal one.
        Normal = "normal",
        /// One by a celebrity or a certified institution.
        Celebrity = "celebrity",
    }
}

words! {
    /// Whose fault an outage is.
    Cause {
        /// The developer's.
        Developer = "developer",
        /// The platform's.
        Platform = "platform",
        /// Somebody else's.
        ThirdParty = "third_party",
    }
}

words! {
    /// A stage of review.
    Stage {
        /// The plan of an enterprise app.
        Declaration = "declaration",
        /// The display of the app's name and source.
        Copy = "copy",
        /// The place in the app store.
        Plaza = "plaza",
    }
}

words! {
    /// How grave a failed inspection is.
    InspectionSeverity {
        /// To be put right in time.
        Minor = "minor",
        /// The interfaces stop at once.
        Serious = "serious",
        /// One user's many accounts used for harm: the interfaces stop at once.
        MultiAccount = "multi_account",
    }
}

words! {
    /// How grave a confirmed report is.
    ReportSeverity {
        /// As most are.
        Ordinary = "ordinary",
        /// The interfaces stop at once.
        Extreme = "extreme",
    }
}

words! {
    /// What an appeal came to.
    Outcome {
        /// The event is disregarded.
        Granted = "granted",
        /// The event stands.
        Denied = "denied",
    }
}
