//! How strongly the person must sign in: `acr_values`, the claim `acr`, and what was registered
//! (OpenID Connect Core §3.1.2.1, §5.5.1.1; RFC 9470 for resources that ask for more).

use super::claims_request::AcrClaim;
use super::params::Parameters;
use crate::base::refusal::Reason;
use crate::model::authentication::Level;
use crate::model::client::Client;

/// The weakest level that satisfies a request, if it asks for one. The claim `acr` counts before
/// `acr_values`, and that before what the client was registered with. Levels are ordered, so a
/// stronger one satisfies a request for a weaker one; of several named ones the weakest suffices.
/// Values that are none of our levels' are ignored (a client cannot know that they mean nothing
/// here), unless the claim is essential and names no other.
///
/// # Errors
/// [`Reason::AcrUnknown`] for that.
pub fn needed(
    claim: Option<&AcrClaim>,
    parameters: &Parameters,
    client: &Client,
) -> Result<Option<Level>, Reason> {
    if let Some(claim) = claim.filter(|claim| !claim.values.is_empty()) {
        let level = weakest(claim.values.iter().map(String::as_str));
        return match level {
            None if claim.essential => Err(Reason::AcrUnknown),
            level => Ok(level),
        };
    }
    let named = parameters.words("acr_values");
    if !named.is_empty() {
        return Ok(weakest(named.into_iter()));
    }
    Ok(registered(client))
}

/// The weakest level that the client's `default_acr_values` name: what holds where a request cannot
/// or does not say.
pub fn registered(client: &Client) -> Option<Level> {
    let registered = &client.features.default_acr_values;
    weakest(registered.iter().map(String::as_str))
}

fn weakest<'a>(values: impl Iterator<Item = &'a str>) -> Option<Level> {
    values.filter_map(Level::from_acr).min()
}

/// Whether a level that is needed can be reached here at all; it is told before anybody is asked for
/// anything (OpenID Connect Core Unmet Authentication Requirements §2, RFC 9470 §5).
///
/// # Errors
/// [`Reason::LevelUnreachable`].
pub fn check_reachable(needed: Option<Level>, offered: &[Level]) -> Result<(), Reason> {
    let reachable = needed.is_none_or(|needed| offered.iter().any(|level| *level >= needed));
    reachable.then_some(()).ok_or(Reason::LevelUnreachable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::sample::{parameters, web};

    const ONE: &str = "urn:vn:nd69-2024:loa:1";
    const TWO: &str = "urn:vn:nd69-2024:loa:2";
    const THREE: &str = "urn:vn:nd69-2024:loa:3";

    fn claim(essential: bool, values: &[&str]) -> AcrClaim {
        let values = values.iter().map(|v| (*v).to_owned()).collect();
        AcrClaim { essential, values }
    }

    #[test]
    fn the_claim_counts_before_the_parameter_and_that_before_what_is_registered() {
        let mut client = web();
        client.features.default_acr_values = vec![THREE.into()];
        let ask = |claim: Option<AcrClaim>, values: &str| {
            needed(
                claim.as_ref(),
                &parameters(&[("acr_values", values)]),
                &client,
            )
        };
        assert_eq!(ask(None, ""), Ok(Some(Level::Three)));
        assert_eq!(ask(None, TWO), Ok(Some(Level::Two)));
        assert_eq!(ask(None, &format!("{THREE} {TWO}")), Ok(Some(Level::Two)));
        assert_eq!(ask(Some(claim(false, &[ONE])), TWO), Ok(Some(Level::One)));
        assert_eq!(ask(Some(claim(false, &[])), TWO), Ok(Some(Level::Two)));
    }

    #[test]
    fn a_value_that_means_nothing_here_matters_only_where_it_is_essential() {
        let ask = |claim: Option<AcrClaim>, values: &str| {
            needed(
                claim.as_ref(),
                &parameters(&[("acr_values", values)]),
                &web(),
            )
        };
        assert_eq!(ask(None, "1 2"), Ok(None));
        assert_eq!(ask(None, &format!("gold {TWO}")), Ok(Some(Level::Two)));
        assert_eq!(ask(Some(claim(false, &["gold"])), ""), Ok(None));
        assert_eq!(
            ask(Some(claim(true, &["gold"])), ""),
            Err(Reason::AcrUnknown)
        );
        let known = claim(true, &["gold", TWO]);
        assert_eq!(ask(Some(known), ""), Ok(Some(Level::Two)));
    }

    #[test]
    fn what_cannot_be_reached_is_told_at_once() {
        let unreachable = Err(Reason::LevelUnreachable);
        for (needed, offered, expected) in [
            (None, &[][..], Ok(())),
            (Some(Level::One), &[Level::One], Ok(())),
            (Some(Level::One), &[Level::Two], Ok(())),
            (Some(Level::Two), &[Level::One], unreachable),
            (Some(Level::Two), &[Level::One, Level::Three], Ok(())),
            (Some(Level::One), &[], unreachable),
        ] {
            assert_eq!(check_reachable(needed, offered), expected, "{needed:?}");
        }
    }
}
