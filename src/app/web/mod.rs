//! The Web: servers of sites, browsers, and the silent servers and callers that name resolution alone needs.

pub mod browser;
pub mod calls;
pub mod server;

pub use browser::{BrowseJob, Browser, BrowserConfig, Ways};
pub(crate) use calls::Visits;
pub use calls::{PORT, WebServer};
pub use server::{SiteConfig, SiteServer};
