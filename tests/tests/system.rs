//! The whole service over real sockets, real signatures and a real database, one clock in the test's hand.

mod system {
    //! Stories by the part of the way that they are about.
    mod pay;
}
