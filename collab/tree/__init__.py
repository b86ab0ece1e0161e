"""The files and folders of a workspace, which are a shared document themselves."""
