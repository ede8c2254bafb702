//! charts
use crate::metrics::Tables;
/// Err
#[derive(Debug)]
pub struct ChartError;
/// names
pub fn chart_names() -> &'static [&'static str] {
    &[]
}
/// chart
pub fn chart(_name: &str, _run: &Tables) -> Result<String, ChartError> {
    Err(ChartError)
}
