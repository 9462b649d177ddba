//! The page on which a person sees, and takes back, what they let others have.

use chrono::{DateTime, Utc};

use super::claim::RequestedClaim;
use super::consent::RequestedScope;
use super::{FormTarget, page};
use crate::ui::links::is_web_address;
use crate::ui::local_time::ShownTime;
use crate::ui::shell::{Shell, TextKey};

/// The applications that a person allowed, and where they are signed in. Fields of the forms:
/// `csrf`, and `client` or `session`.
#[derive(Clone, Debug)]
pub struct AccessPage {
    /// Where consent is taken back.
    pub withdraw: FormTarget,
    /// Where sessions are ended.
    pub end_session: FormTarget,
    /// The applications that can be opened from here.
    pub launches: Vec<LaunchLink>,
    /// The applications that were allowed.
    pub applications: Vec<AllowedApplication>,
    /// The sessions, this browser's among them.
    pub sessions: Vec<SessionLine>,
    /// What was done just now.
    pub done: Option<AccessDone>,
    /// Path of the front page.
    pub home_path: String,
}

/// An application that begins a sign-in when it is opened from here.
#[derive(Clone, Debug)]
pub struct LaunchLink {
    /// Its registered name.
    pub name: String,
    /// Where the sign-in begins.
    pub address: String,
}

/// An application that the person agreed to.
#[derive(Clone, Debug)]
pub struct AllowedApplication {
    /// What the form sends for it.
    pub client: String,
    /// Its registered name.
    pub name: String,
    /// What was agreed to.
    pub scopes: Vec<RequestedScope>,
    /// Which single claims beyond.
    pub claims: Vec<RequestedClaim>,
    /// When it was agreed to last.
    pub since: Option<DateTime<Utc>>,
}

/// One session, as shown to its holder.
#[derive(Clone, Debug)]
pub struct SessionLine {
    /// What the form sends for it.
    pub session: String,
    /// What the browser calls itself.
    pub user_agent: String,
    /// When the person signed in there.
    pub signed_in_at: Option<DateTime<Utc>>,
    /// When it was used last.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// Whether it is this browser's.
    pub current: bool,
}

/// What was done just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessDone {
    /// Consent was taken back.
    Withdrawn,
    /// Sessions were ended.
    Ended,
}

impl AccessDone {
    /// Both, for tables and tests.
    pub const ALL: [Self; 2] = [Self::Withdrawn, Self::Ended];

    /// The name in the page's address.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Withdrawn => "withdrawn",
            Self::Ended => "ended",
        }
    }

    fn text(self, shell: &Shell<'_>) -> String {
        shell.tell(match self {
            Self::Withdrawn => TextKey("access-withdrawn"),
            Self::Ended => TextKey("access-ended"),
        })
    }
}

impl AccessPage {
    /// Addresses that may stand in a link; registration takes no others.
    fn shown_launches(&self) -> impl Iterator<Item = &LaunchLink> {
        let launches = self.launches.iter();
        launches.filter(|launch| is_web_address(&launch.address))
    }

    fn has_others(&self) -> bool {
        self.sessions.iter().any(|session| !session.current)
    }
}

impl AllowedApplication {
    fn shown_since(&self) -> Option<ShownTime> {
        self.since.map(ShownTime::from)
    }
}

impl SessionLine {
    fn shown_start(&self) -> Option<ShownTime> {
        self.signed_in_at.map(ShownTime::from)
    }

    fn shown_use(&self) -> Option<ShownTime> {
        self.last_seen_at.map(ShownTime::from)
    }

    /// Browser and system, as far as the browser names them in the usual way.
    fn device(&self, shell: &Shell<'_>) -> String {
        let named = |names: &[(&str, &'static str)]| {
            let mut known = names.iter();
            let found = known.find(|(sign, _)| self.user_agent.contains(sign));
            found.map(|(_, name)| *name)
        };
        match (named(BROWSERS), named(SYSTEMS)) {
            (Some(browser), Some(system)) => format!("{browser}, {system}"),
            (Some(one), None) | (None, Some(one)) => one.to_owned(),
            (None, None) => shell.say("access-unknown-device"),
        }
    }
}

/// Signs of browsers, the more special before those that others carry along.
const BROWSERS: &[(&str, &str)] = &[
    ("coc_coc_browser", "Cốc Cốc"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
];

const SYSTEMS: &[(&str, &str)] = &[
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

page!(AccessPage, "access.html");
