//! The suite that every store passes: call [`records_contract`], [`tickets_contract`] and the races
//! of [`race`] from a store's own tests.
//!
//! Each check gets a fresh store. The suite knows no runtime: races get a [`race::Spawn`], which
//! starts a task and answers a future that ends with it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a suite of assertions: a failing check must panic"
)]

mod audit;
mod directory;
mod outbox;
pub mod race;
pub mod sample;
mod sessions;
mod status;
mod tickets;
mod users;

use std::future::Future;

use crate::store::change::{Batch, Change};
use crate::store::records::{CommitError, Records};

pub use tickets::{ticket_operations_contract, tickets_contract};

/// Checks every method of [`Records`]; `make` opens a fresh, empty store each time it is called.
///
/// # Panics
/// When the store breaks the contract.
pub async fn records_contract<R, F, M>(make: M)
where
    R: Records,
    F: Future<Output = R>,
    M: Fn() -> F,
{
    users::identifiers_are_unique_for_ever(&make().await).await;
    users::versions_are_checked(&make().await).await;
    users::search_finds_without_marks(&make().await).await;
    users::filters_hold_together(&make().await).await;
    users::accounts_never_activated_are_told_apart(&make().await).await;
    users::pages_hold_everyone_once(&make().await).await;
    directory::units_form_a_tree(&make().await).await;
    directory::roles_and_clients_are_kept(&make().await).await;
    directory::keys_consents_and_subjects_are_kept(&make().await).await;
    directory::credentials_are_found(&make().await).await;
    sessions::a_session_is_found_with_its_user(&make().await).await;
    sessions::a_grant_is_read_with_all_it_needs(&make().await).await;
    sessions::all_sessions_of_a_user_end_at_once(&make().await).await;
    sessions::nothing_begins_where_all_has_ended(&make().await).await;
    sessions::an_account_with_very_many_grants_ends(&make().await).await;
    sessions::an_end_depends_on_no_version(&make().await).await;
    sessions::listings_are_newest_first(&make().await).await;
    sessions::housekeeping_removes_what_is_over(&make().await).await;
    audit::events_keep_their_order(&make().await).await;
    audit::a_refused_batch_leaves_nothing(&make().await).await;
    audit::blocks_and_change_sets_are_kept(&make().await).await;
    outbox::deliveries_are_leased_and_settled(&make().await).await;
    outbox::leases_and_settings_are_kept(&make().await).await;
    outbox::of_two_writers_of_a_setting_one_wins(&make().await).await;
    outbox::pictures_go_that_no_client_shows(&make().await).await;
    status::lists_and_answers_are_kept_whole(&make().await).await;
    status::nothing_made_earlier_replaces_what_is_kept(&make().await).await;
    status::what_was_to_be_renewed_long_ago_goes(&make().await).await;
}

/// Commits changes without events.
async fn commit(records: &impl Records, changes: Vec<Change>) -> Result<(), CommitError> {
    let events = Vec::new();
    records.commit(Batch { changes, events }).await
}

/// What a refused commit said: `changed KIND` or `taken WHAT`.
fn refusal(result: Result<(), CommitError>) -> String {
    match result {
        Err(CommitError::Changed { kind, .. }) => format!("changed {kind}"),
        Err(CommitError::Taken { what, .. }) => format!("taken {what}"),
        other => panic!("expected a conflict, got {other:?}"),
    }
}
