"""What the machine around a run may do to it: full disks, lost folders, no locks, a wrong clock."""
