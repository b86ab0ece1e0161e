"""What the commands do. Apart from `server.cli`, so that each imports no more than it needs: starting must be quick."""
