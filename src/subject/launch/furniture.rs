//! Furniture: the files as a program with namespaces of its own sees them: ours, but for what is covered, and with
//! places of its own for what everybody may write to.

use std::ffi::{CStr, CString, OsString};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use rustix::fs::{CWD, Mode, mkdir};
use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount, mount_bind, mount_change,
    mount_remount, move_mount, open_tree, unmount,
};

use super::order::Order;

/// Does all of it in a namespace of mounts of its own, but for what the first process of the namespaces has to do
/// ([`own_processes`]). Gives where the program may write.
pub(super) fn furnish(order: &Order) -> Result<Vec<OsString>, (&'static str, io::Error)> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", private).map_err(|error| ("keep its mounts to itself", error.into()))?;
    let folder = Path::new(&order.folder);
    // Before anything covers it.
    let tree = hold(folder).map_err(|error| ("reach its folder", error.into()))?;
    read_only().map_err(|error| ("protect files", error))?;
    let mut writable = vec![order.folder.clone()];
    writable.extend(own_places());
    let hidden = if order.walls.hidden { &order.hidden[..] } else { &[] };
    let hidden = hidden.iter().map(Path::new).filter(|hidden| *hidden != folder);
    let (within, around): (Vec<&Path>, Vec<&Path>) = hidden.partition(|hidden| hidden.starts_with(folder));
    let cover_all =
        |hidden: Vec<&Path>| hidden.into_iter().try_for_each(cover).map_err(|error| ("hide a folder", error));
    cover_all(around)?;
    put_back(folder, &tree).map_err(|error| ("bring its folder back", error))?;
    cover_all(within)?;
    // Those that may not be covered may not be reached by somebody without rights either.
    SERVICES.iter().for_each(|service| drop(cover(Path::new(service))));
    Ok(writable)
}

/// The processes as the calling one sees them.
pub(super) fn own_processes() {
    // Where that is refused, as in a container that covers a part of it, the program sees processes that it cannot
    // reach.
    let _ = mount("proc", "/proc", "proc", quiet(), None);
}

fn hold(folder: &Path) -> Result<OwnedFd, Errno> {
    let copy = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
    open_tree(CWD, folder, copy)
}

/// Everything that was there before can be read only, its modes and times included, which Landlock does not guard. What
/// the kernel refuses stays for Landlock.
fn read_only() -> io::Result<()> {
    for line in fs::read_to_string("/proc/self/mountinfo")?.lines() {
        let Some((place, kept)) = mounted(line) else { continue };
        let _ = mount_remount(&place, kept | MountFlags::BIND | MountFlags::RDONLY, c"");
    }
    Ok(())
}

/// `25 1 8:1 / /mnt/a\040b rw,nosuid,relatime …`: where something is mounted, and with which flags, of which none may be
/// left out.
fn mounted(line: &str) -> Option<(OsString, MountFlags)> {
    let mut words = line.split_ascii_whitespace();
    let (place, options) = (words.nth(4)?, words.next()?);
    let flags = options.split(',').filter_map(|option| FLAGS.iter().find(|(name, _)| *name == option));
    Some((unescaped(place), flags.map(|(_, flag)| *flag).collect()))
}

/// Spaces, ends of lines and backslashes stand there as three octal digits.
fn unescaped(place: &str) -> OsString {
    let (mut bytes, mut rest) = (Vec::new(), place.as_bytes());
    while let Some((first, behind)) = rest.split_first() {
        let octal = behind.get(..3).filter(|_| *first == b'\\').and_then(|digits| str::from_utf8(digits).ok());
        let (byte, left) = match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => (byte, &behind[3..]),
            None => (*first, behind),
        };
        bytes.push(byte);
        rest = left;
    }
    OsString::from_vec(bytes)
}

/// Places where everybody may write, and where two programs would meet. Those that the kernel does not let us have stay
/// as they are. Gives those of them that may be written to because they are the program's own.
fn own_places() -> Vec<OsString> {
    let _ = own_tmpfs("/dev/shm", c"mode=1777,size=64m");
    let terminals = || {
        let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
        mount("devpts", "/dev/pts", "devpts", flags, Some(c"newinstance,ptmxmode=0666,mode=0620"))
    };
    let places = [("/tmp", own_copy("/tmp")), ("/dev/pts", terminals())];
    places.into_iter().filter(|(_, made)| made.is_ok()).map(|(place, _)| place.into()).collect()
}

fn own_tmpfs(place: &str, options: &CStr) -> Result<(), Errno> {
    mount("tmpfs", place, "tmpfs", quiet(), Some(options))
}

/// What is there stays to be seen, because the program may be there, or what it needs; what it writes is its own.
fn own_copy(place: &str) -> Result<(), Errno> {
    // Where the copy is kept is a folder that everybody has, and that is uncovered again when the kernel has found it.
    let keeping = "/proc";
    own_tmpfs(keeping, c"mode=0755,size=64m")?;
    let copied = copy_to(keeping, place);
    unmount(keeping, UnmountFlags::DETACH)?;
    copied
}

fn copy_to(keeping: &str, place: &str) -> Result<(), Errno> {
    for name in ["upper", "work"] {
        mkdir(format!("{keeping}/{name}"), Mode::RWXU)?;
    }
    let options = format!("userxattr,lowerdir={place},upperdir={keeping}/upper,workdir={keeping}/work");
    let options = CString::new(options).map_err(|_| Errno::INVAL)?;
    mount("overlay", place, "overlay", quiet(), Some(&*options))
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

/// As mountinfo writes them.
const FLAGS: &[(&str, MountFlags)] = &[
    ("nosuid", MountFlags::NOSUID),
    ("nodev", MountFlags::NODEV),
    ("noexec", MountFlags::NOEXEC),
    ("noatime", MountFlags::NOATIME),
    ("nodiratime", MountFlags::NODIRATIME),
    ("relatime", MountFlags::RELATIME),
];

/// Where services of this machine and of this person are reached by sockets that are files, which no network keeps
/// apart.
const SERVICES: &[&str] = &[
    "/run/user",
    "/run/dbus",
    "/run/docker.sock",
    "/run/containerd",
    "/run/podman",
    "/run/mysqld",
    "/run/postgresql",
    "/run/systemd/private",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_is_read_with_its_spaces_and_its_flags() {
        let line = r"25 1 8:1 / /mnt/a\040b\134 rw,nosuid,relatime shared:1 - ext4 /dev/sda1 rw";
        let (place, flags) = mounted(line).unwrap();
        assert_eq!((place.to_str(), flags), (Some(r"/mnt/a b\"), MountFlags::NOSUID | MountFlags::RELATIME));
        assert!(mounted("").is_none());
    }
}
