"""The formats of Yjs and of its wire, read and written without a document: pure."""
