"""Events that leave the house: what happens in a workspace is sent to addresses that its owner has named."""
