package URI::_foreign;

use 5.014;
use strict;
use warnings;

use parent 'URI::_generic';

our $VERSION = '5.17';

sub has_recognized_scheme { return 0 }


1;

__END__

=head1 NAME

URI::_foreign - addresses of schemes that nothing is known of

=head1 DESCRIPTION

Part of L<URI>.

=cut
