//! Furniture: the files as a program with namespaces of its own sees them: ours, but for what is covered, and with
//! places of its own for what everybody may write to.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::CWD;
use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount, mount_bind, mount_change,
    move_mount, open_tree, unmount,
};

use super::order::Order;

/// Does all of it in a namespace of mounts of its own. Gives where the program may write.
pub(super) fn furnish(order: &Order) -> Result<Vec<OsString>, (&'static str, io::Error)> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", private).map_err(|error| ("keep its mounts to itself", error.into()))?;
    let folder = Path::new(&order.folder);
    // Before anything covers it.
    let tree = hold(folder).map_err(|error| ("reach its folder", error.into()))?;
    let mut writable = vec![order.folder.clone()];
    writable.extend(own_places());
    if order.walls.hidden {
        let (within, without): (Vec<PathBuf>, Vec<PathBuf>) =
            order.hidden.iter().map(PathBuf::from).partition(|hidden| hidden.starts_with(folder));
        without.iter().try_for_each(|hidden| cover(hidden)).map_err(|error| ("hide a folder", error))?;
        put_back(folder, &tree).map_err(|error| ("bring its folder back", error))?;
        within
            .iter()
            .filter(|hidden| *hidden != folder)
            .try_for_each(|hidden| cover(hidden))
            .map_err(|error| ("hide a folder", error))?;
    } else {
        put_back(folder, &tree).map_err(|error| ("bring its folder back", error))?;
    }
    // Where that is refused, as in a container that covers a part of it, the program sees processes that it cannot
    // reach.
    let _ = mount("proc", "/proc", "proc", quiet(), None);
    Ok(writable)
}

fn hold(folder: &Path) -> Result<OwnedFd, Errno> {
    open_tree(
        CWD,
        folder,
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE,
    )
}

/// Places where everybody may write, and where two programs would meet. Those that the kernel does not let us have stay
/// as they are.
fn own_places() -> Vec<OsString> {
    let shared_memory = own_tmpfs("/dev/shm", c"mode=1777,size=64m").map(|()| "/dev/shm".into());
    let temporary = own_copy("/tmp").map(|()| "/tmp".into());
    shared_memory.into_iter().chain(temporary).collect()
}

fn own_tmpfs(place: &str, options: &std::ffi::CStr) -> Result<(), Errno> {
    mount("tmpfs", place, "tmpfs", quiet(), Some(options))
}

/// What is there stays to be seen, because the program may be there, or what it needs; what it writes is its own.
fn own_copy(place: &str) -> Result<(), Errno> {
    // Where the copy is kept is seen by nobody: it is covered by nothing more than this moment.
    let keeping = "/proc";
    own_tmpfs(keeping, c"mode=0755,size=64m")?;
    let copied = copy_to(place, keeping);
    unmount(keeping, UnmountFlags::DETACH)?;
    copied
}

fn copy_to(place: &str, keeping: &str) -> Result<(), Errno> {
    for (name, mode) in [("upper", 0o777), ("work", 0o700)] {
        rustix::fs::mkdir(format!("{keeping}/{name}"), rustix::fs::Mode::from_raw_mode(mode))?;
    }
    let options = format!("userxattr,lowerdir={place},upperdir={keeping}/upper,workdir={keeping}/work\0");
    let options = std::ffi::CStr::from_bytes_with_nul(options.as_bytes()).map_err(|_| Errno::INVAL)?;
    mount("overlay", place, "overlay", quiet(), Some(options))
}

/// Something empty stands there. What is not there need not be covered.
fn cover(hidden: &Path) -> io::Result<()> {
    let Ok(found) = fs::metadata(hidden) else { return Ok(()) };
    if found.is_dir() {
        return Ok(mount("tmpfs", hidden, "tmpfs", quiet(), Some(c"mode=0755,size=1m"))?);
    }
    Ok(mount_bind("/dev/null", hidden)?)
}

/// Its folder is to be found where it was, whatever has been covered.
fn put_back(folder: &Path, tree: &OwnedFd) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    Ok(move_mount(tree, "", CWD, folder, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH)?)
}

/// Nothing there is to give anybody rights.
fn quiet() -> MountFlags {
    MountFlags::NOSUID | MountFlags::NODEV
}
