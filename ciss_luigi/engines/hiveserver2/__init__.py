"""What all servers that speak HiveServer2's protocol have in common."""
