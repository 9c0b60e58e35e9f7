"""Every policy, one by one."""
