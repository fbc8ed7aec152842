"""Files that people send as papers, looked into before anybody opens them."""
