//! The PKCS#11 device, when signing keys are kept in one: module, token, PIN.

use super::Finding;
use crate::config::Settings;
use crate::outside::device::{Device, Tries};
use crate::serve;

const CHECK: &str = "device";
const REMEDY: &str = "docs/operators/hsm.md";

/// Opens the device as the server does, and hands it on to the checks of the keys in it; none when
/// none is configured or it is not to be opened. Somebody stands before it, so the PIN is tried
/// even when a wrong one was tried before, unless that could lock the token.
pub(super) async fn examine(settings: &Settings, findings: &mut Vec<Finding>) -> Option<Device> {
    settings.device.as_ref()?;
    let device = match serve::device(settings, Tries::AllButLast).await {
        Ok(device) => device?,
        Err(fault) => {
            findings.push(Finding::fail(CHECK, fault.detail, REMEDY));
            return None;
        }
    };
    findings.push(match device.knock().await {
        Ok(()) => Finding::ok(CHECK, "the token is there and takes the PIN"),
        Err(trouble) => Finding::fail(CHECK, trouble.detail, REMEDY),
    });
    Some(device)
}
