"""Person-years settled anew under the policy now running, or under a file that may come to run: what would change, and the requests that make it so."""
