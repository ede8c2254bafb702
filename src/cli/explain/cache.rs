//! A cache as a table for a reader, and as JSON.

use serde_json::json;

use super::Holding;
use crate::app::dns::cache::Cache;
use crate::base::trace::Silent;
use crate::sim::World;

pub(super) fn holding(world: &World<Silent>, cache: &Cache, key: &'static str, title: &'static str) -> Holding {
    let lines = cache.lines(world.now());
    let text = if lines.is_empty() { "  is empty".to_owned() } else { format!("  {}", lines.join("\n  ")) };
    Holding { key, title, text, json: json!(lines) }
}
