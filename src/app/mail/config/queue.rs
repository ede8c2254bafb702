//! How a server delivers what is in its queue.

/// How a server delivers what is in its queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueConfig {
    /// Recipients in one transaction.
    pub recipients_per_transaction: usize,
    /// Messages sent over one connection.
    pub messages_per_connection: u32,
    /// Connections to one destination at a time.
    pub concurrency_per_destination: usize,
}

impl Default for QueueConfig {
    /// 100 recipients in a transaction, one connection to a destination, for any number of
    /// messages.
    fn default() -> Self {
        Self { recipients_per_transaction: 100, messages_per_connection: u32::MAX, concurrency_per_destination: 1 }
    }
}
