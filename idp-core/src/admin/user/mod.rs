//! Accounts: added, edited, disabled, enabled, reset; positions and roles given and taken.

mod add;
mod certificate;
mod edit;
mod position;
mod reset;
mod role;
mod state;

pub(super) use add::prepared;
pub use add::{UserNew, add};
pub use certificate::{BindFacts, MOST_CERTIFICATES, bind_certificate, unbind_certificate};
pub use certificate::{key_of as certificate_key, read as read_certificate};
pub use edit::{UserEdit, edit, verify};
pub use position::{PositionEdit, PositionNew, assign_position, edit_position, unassign_position};
pub(super) use reset::make_link;
pub use reset::{MadeLink, ResetFacts, reset};
pub use role::{RoleGrantNew, assign_role, unassign_role};
pub(super) use state::note;
pub use state::{Administrators, StateFacts, disable, enable};

use super::acting::Act;
use crate::base::entropy::Entropy;
use crate::base::refusal::Reason;
use crate::base::text::label;
use crate::base::time::Timestamp;
use crate::event::What;
use crate::model::user::User;
use crate::store::change::{Change, Write};
use crate::store::decision::Decision;

/// The longest full name, in characters.
pub const NAME_LENGTH: usize = 200;

fn full_name(text: &str) -> Result<String, Reason> {
    label(text, NAME_LENGTH).map_err(|_| Reason::NameMalformed)
}

/// What is searched for; none when only white space was sent. Refuses control characters, which no
/// name or identifier holds and which stores need not take.
pub(crate) fn search_text(text: Option<&str>) -> Result<Option<String>, Reason> {
    let text = text.filter(|text| !text.trim().is_empty());
    let is_control = |c: char| c.is_control() && !c.is_whitespace();
    if text.is_some_and(|text| text.chars().any(is_control)) {
        return Err(Reason::SearchTextMalformed);
    }
    Ok(text.map(str::to_owned))
}

/// The languages in which pages are offered.
fn locale(text: &str) -> Result<String, Reason> {
    matches!(text, "vi" | "en")
        .then(|| text.to_owned())
        .ok_or(Reason::LocaleUnknown)
}

/// `[from, until)` where `from` is now unless said otherwise.
fn dates(
    act: &Act<'_>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<(Timestamp, Option<Timestamp>), Reason> {
    let from = from.unwrap_or(act.now());
    if until.is_some_and(|end| end <= from) {
        Err(Reason::DatesReversed)
    } else {
        Ok((from, until))
    }
}

/// Writes a changed account with the event that says what happened.
fn written(act: &Act<'_>, mut user: User, what: What, entropy: &mut Entropy) -> Decision<User> {
    user.updated_at = act.now();
    Decision::done(user.clone())
        .with_change(Change::User(Write::Put(user)))
        .with_event(act.event(what, entropy))
}
