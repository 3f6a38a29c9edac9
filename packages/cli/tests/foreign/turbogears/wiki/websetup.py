"""What paster called to set a site up."""


def setup_app(command, conf, variables):
    print("set up by", command)
