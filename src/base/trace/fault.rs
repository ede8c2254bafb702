//! What faults of a scenario are in words, for all who tell a reader of them.

use super::FaultTrace;
use crate::base::directory::Directory;

impl FaultTrace {
    /// What happens, as a sentence whose subject is the host where it does.
    #[must_use]
    pub fn words(self, directory: &Directory) -> String {
        let link = |dir| &directory.link_dir(dir).0.name;
        match self {
            Self::HostDown => "goes down: what was only in memory is lost".to_owned(),
            Self::HostUp => "works again".to_owned(),
            Self::LinkDown { link: dir } => format!("link {} goes down", link(dir)),
            Self::LinkUp { link: dir } => format!("link {} works again", link(dir)),
            Self::ServiceDown { port } => format!("nobody listens on port {port} any more"),
            Self::ServiceUp { port } => format!("port {port} is served again"),
            Self::ServiceChanged { port } => format!("packets of port {port} are slowed down or lost from now on"),
            Self::ServiceRestored { port } => format!("packets of port {port} pass freely again"),
            Self::PartitionBegins => "a part of the network is cut off".to_owned(),
            Self::PartitionEnds => "the network is whole again".to_owned(),
            Self::LinkChanged { link: dir } => format!("link {} has other properties from now on", link(dir)),
            Self::LinkRestored { link: dir } => format!("link {} has its own properties again", link(dir)),
            Self::ProcessingChanged => "its requests take other times from now on".to_owned(),
            Self::ProcessingRestored => "its requests take their own times again".to_owned(),
            Self::QueueFlushed => "an operator has the queue tried at once".to_owned(),
        }
    }
}
