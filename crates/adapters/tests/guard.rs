//! What stands before a gateway, with time that the tests move.

#[cfg(test)]
#[path = "guard/breaking.rs"]
mod breaking;
#[cfg(test)]
#[path = "guard/dying.rs"]
mod dying;
#[cfg(test)]
#[path = "sparrow/logs.rs"]
mod logs;
#[cfg(test)]
#[path = "guard/room.rs"]
mod room;
#[cfg(test)]
#[path = "guard/scripted.rs"]
mod scripted;
