module example.org/repo-size

go 1.26.0

require github.com/hfbot/hfbot v0.0.0

replace github.com/hfbot/hfbot => ../..
