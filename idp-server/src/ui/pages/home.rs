//! The provider's front page, for people who come without an application.

use chrono::{DateTime, Utc};

use super::{FormTarget, page};
use crate::ui::local_time::ShownTime;

/// The front page of somebody who is not signed in.
#[derive(Clone, Debug)]
pub struct WelcomePage {
    /// Path of the sign-in page.
    pub sign_in_path: String,
}

page!(WelcomePage, "welcome.html");

/// The front page of somebody who is signed in.
#[derive(Clone, Debug)]
pub struct AccountPage {
    /// The person's full name.
    pub full_name: String,
    /// The user name.
    pub user_name: String,
    /// The person's positions, the main one first.
    pub positions: Vec<PositionLine>,
    /// The names of the person's roles.
    pub roles: Vec<String>,
    /// When this session began.
    pub signed_in_at: Option<DateTime<Utc>>,
    /// When it ends at the latest.
    pub ends_at: Option<DateTime<Utc>>,
    /// Where the sign-out button posts to.
    pub sign_out: FormTarget,
    /// Path of the page that changes the password.
    pub change_password_path: String,
    /// Path of the page with allowed applications and sessions.
    pub access_path: String,
}

/// One position, as shown to its holder.
#[derive(Clone, Debug)]
pub struct PositionLine {
    /// The position's title.
    pub title: String,
    /// The unit's name.
    pub unit_name: String,
    /// The units above, from the highest down, without the unit itself.
    pub unit_path: Vec<String>,
    /// Whether it is the main position.
    pub main: bool,
}

impl AccountPage {
    fn shown_start(&self) -> Option<ShownTime> {
        self.signed_in_at.map(ShownTime::from)
    }

    fn shown_end(&self) -> Option<ShownTime> {
        self.ends_at.map(ShownTime::from)
    }

    /// The given name, which stands last in a Vietnamese name: the letter of the round mark.
    fn initial(&self) -> String {
        let given = self
            .full_name
            .split_whitespace()
            .last()
            .unwrap_or(&self.user_name);
        given
            .chars()
            .next()
            .map(|letter| letter.to_uppercase().collect())
            .unwrap_or_default()
    }
}

page!(AccountPage, "account.html");
