//! Faults as operators hear of them: a line in the log, and a count.

use idp_core::base::fault::Fault;
use idp_core::ports::Notices;

/// Logs a fault once, with the id of the request that its caller also sees, and counts it.
pub fn note(fault: &Fault, request: Option<&str>) {
    metrics::counter!("idp_faults_total", "place" => fault.place).increment(1);
    tracing::error!(
        request_id = request.unwrap_or_default(),
        place = fault.place,
        transient = fault.transient,
        "{}",
        fault.detail
    );
}

/// Logs what goes wrong beside requests.
pub struct Logged;

impl Notices for Logged {
    fn note(&self, fault: &Fault, request: Option<&str>) {
        note(fault, request);
    }
}
