//! The engine over the memory store: the worked examples that need more than one pure function, and the invariants that
//! only show when use cases meet.

#[cfg(test)]
mod absence;
#[cfg(test)]
mod again;
#[cfg(test)]
mod away;
mod booking;
#[cfg(test)]
mod dispatch;
#[cfg(test)]
mod dropped;
#[cfg(test)]
mod interrupted;
#[cfg(test)]
mod life;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod node;
#[cfg(test)]
mod office;
#[cfg(test)]
mod watched;
