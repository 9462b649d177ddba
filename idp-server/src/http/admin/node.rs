//! Nodes over HTTP.

use idp_admin_api::PageQuery;
use idp_admin_api::node::ConfigurationDifference;
use idp_core::admin::configuration::Difference;
use idp_core::flow::admin::configuration as flow;
use idp_core::store::Listing;

use super::desk::{Desk, Query, cut, listed, page};
use super::problem::Answer;

fn shown(difference: Difference) -> ConfigurationDifference {
    ConfigurationDifference {
        key: difference.key,
        agreed: difference.agreed,
        here: difference.here,
    }
}

pub(super) async fn compare(Desk(desk): Desk, Query(query): Query<PageQuery>) -> Answer {
    let differences = flow::compare(&desk).await?;
    let differences = cut(differences, &page(query.after, query.limit)?)?;
    Ok(listed(differences, shown))
}

pub(super) async fn agree(Desk(mut desk): Desk) -> Answer {
    let entries = flow::agree(&mut desk).await?;
    let next = None;
    Ok(listed(Listing { entries, next }, shown))
}
