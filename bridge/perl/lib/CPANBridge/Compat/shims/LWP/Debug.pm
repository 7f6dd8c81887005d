package LWP::Debug;

use 5.014;
use strict;
use warnings;

use Exporter 'import';

our $VERSION   = '6.68';
our @EXPORT_OK = qw(level trace debug conns);

# Deprecated since long; does nothing, as the original.
sub level { return }
sub trace { return }
sub debug { return }
sub conns { return }

1;

__END__

=head1 NAME

LWP::Debug - nothing any more

=head1 DESCRIPTION

Part of L<LWP>, for programs that load it. C<< $agent->add_handler( request_send => sub { shift->dump; return } ) >> shows requests.

=cut
