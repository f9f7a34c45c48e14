module civic-os/go-templates

go 1.24
