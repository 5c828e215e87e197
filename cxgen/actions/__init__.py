"""One file per verb: plain values in, a frozen result out. Every door calls these."""
