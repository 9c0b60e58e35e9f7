"""Reports of finance for every door: what they are asked, and the words they are told in."""
