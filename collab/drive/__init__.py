"""The plain files of a workspace on the object store, written when documents settle."""
