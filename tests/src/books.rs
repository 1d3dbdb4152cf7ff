//! What a channel's own books say of a refund, as judges read them.

/// A refund in a channel's books, in minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedRefund {
    /// The number that we gave it.
    pub number: String,
    /// How much it gives back.
    pub amount: i64,
    /// Where it is.
    pub stage: RefundStage,
}

/// Where a refund is, in truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundStage {
    /// Neither arrived nor dead yet.
    UnderWay,
    /// The payer has the money.
    Arrived,
    /// It gave nothing back, and never will.
    Dead,
}
