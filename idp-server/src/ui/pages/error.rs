//! The page of errors that must not, or cannot, go back to an application.

use chrono::{DateTime, Utc};

use super::{BackLink, page};
use crate::ui::links::is_web_address;
use crate::ui::local_time::ShownTime;
use crate::ui::shell::{Shell, TextKey};

/// Tells one fixed phrase per kind of error, and the name of the rule for whoever runs the
/// application. Takes no text from the request: nobody can make the province say something.
#[derive(Clone, Debug)]
pub struct ErrorPage {
    /// What went wrong.
    pub kind: ErrorKind,
    /// The name of the rule that was violated (docs/reasons.md); none for a fault of ours.
    pub reason: Option<&'static str>,
    /// The request's id, which the log holds too.
    pub request_id: Option<String>,
    /// When it happened.
    pub at: Option<DateTime<Utc>>,
    /// Seconds after which to try again, with [`ErrorKind::TooManyRequests`],
    /// [`ErrorKind::TooManySignIns`] and [`ErrorKind::ServerBusy`].
    pub retry_after: Option<u32>,
    /// The way back to the application, where it is known; for registrations that somebody checked.
    pub application: Option<BackLink>,
    /// Path of the home page; none hides the link.
    pub home_path: Option<String>,
}

/// What went wrong, as far as the person needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The `client_id` is not registered, or disabled.
    UnknownClient,
    /// The `redirect_uri` is not one of the client's.
    BadRedirectUri,
    /// The request does not follow the specification.
    MalformedRequest,
    /// The form belongs to a sign-in that has ended or expired.
    ExpiredPage,
    /// The request was answered before, or began too long ago.
    SpentRequest,
    /// A form came from another site, or its token is wrong.
    CrossSiteRequest,
    /// No such page.
    NotFound,
    /// Too many requests from one source.
    TooManyRequests,
    /// Too many sign-ins from one source were begun and not finished.
    TooManySignIns,
    /// The server takes no more work for the moment.
    ServerBusy,
    /// A fault; the log holds the details under the request's id.
    Internal,
}

impl ErrorKind {
    /// All kinds, for tables and tests.
    pub const ALL: [Self; 11] = [
        Self::UnknownClient,
        Self::BadRedirectUri,
        Self::MalformedRequest,
        Self::ExpiredPage,
        Self::SpentRequest,
        Self::CrossSiteRequest,
        Self::NotFound,
        Self::TooManyRequests,
        Self::TooManySignIns,
        Self::ServerBusy,
        Self::Internal,
    ];

    fn title(self, shell: &Shell<'_>) -> String {
        shell.tell(match self {
            Self::UnknownClient => TextKey("refused-unknown-client-title"),
            Self::BadRedirectUri => TextKey("refused-redirect-uri-title"),
            Self::MalformedRequest => TextKey("refused-malformed-title"),
            Self::ExpiredPage => TextKey("refused-expired-title"),
            Self::SpentRequest => TextKey("refused-spent-title"),
            Self::CrossSiteRequest => TextKey("refused-cross-site-title"),
            Self::NotFound => TextKey("refused-not-found-title"),
            Self::TooManyRequests => TextKey("refused-too-many-title"),
            Self::TooManySignIns => TextKey("refused-unfinished-title"),
            Self::ServerBusy => TextKey("refused-busy-title"),
            Self::Internal => TextKey("refused-internal-title"),
        })
    }

    fn explanation(self, shell: &Shell<'_>) -> String {
        shell.tell(match self {
            Self::UnknownClient => TextKey("refused-unknown-client"),
            Self::BadRedirectUri => TextKey("refused-redirect-uri"),
            Self::MalformedRequest => TextKey("refused-malformed"),
            Self::ExpiredPage => TextKey("refused-expired"),
            Self::SpentRequest => TextKey("refused-spent"),
            Self::CrossSiteRequest => TextKey("refused-cross-site"),
            Self::NotFound => TextKey("refused-not-found"),
            Self::TooManyRequests => TextKey("refused-too-many"),
            Self::TooManySignIns => TextKey("refused-unfinished"),
            Self::ServerBusy => TextKey("refused-busy"),
            Self::Internal => TextKey("refused-internal"),
        })
    }
}

impl ErrorPage {
    fn shown_application(&self) -> Option<&BackLink> {
        let link = self.application.as_ref();
        link.filter(|link| is_web_address(&link.href))
    }

    fn shown_time(&self) -> Option<ShownTime> {
        self.at.map(ShownTime::from)
    }

    fn shown_wait(&self, shell: &Shell<'_>) -> Option<String> {
        self.retry_after
            .map(|seconds| shell.count("refused-wait", "seconds", seconds.max(1)))
    }
}

page!(ErrorPage, "error.html");
