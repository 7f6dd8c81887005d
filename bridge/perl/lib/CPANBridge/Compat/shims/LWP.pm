package LWP;

use 5.014;
use strict;
use warnings;

our $VERSION = '6.68';

require LWP::UserAgent if !LWP::UserAgent->can('new');

sub Version { return $VERSION }

1;

__END__

=head1 NAME

LWP - the World-Wide Web library

=head1 SYNOPSIS

    use LWP;

    print "This is libwww-perl-$LWP::VERSION\n";
    my $agent = LWP::UserAgent->new;

=head1 COVERED

See L<LWP::UserAgent>, L<LWP::Simple>, L<HTTP::Message>, L<HTTP::Cookies> and L<URI>, which are replaced, too. The documentation and the programs that come with
the original (lwp-request, lwp-download) are not.

=cut
