package DBI::Gofer::Serializer::Base;

use strict;
use warnings;

use Carp ();

our $VERSION = '0.009950';

sub new { my ($class) = @_; return bless { deserializer_class => undef }, $class }

sub serialize { my ($self) = @_; Carp::croak( ref($self) . ' has no method serialize' ) }

sub deserialize { my ($self) = @_; Carp::croak( ref($self) . ' cannot read what it writes' ) }

# In list context, what reads it is told, too.
sub _with_class { my ( $self, $text, $list ) = @_; return $list ? ( $text, $self->{deserializer_class} || ref $self ) : $text }

1;

__END__

=encoding utf8

=head1 NAME

DBI::Gofer::Serializer::Base - what serializers of Gofer have in common, by CPANBridge

=head1 DESCRIPTION

Part of L<DBD::Gofer>.

=head1 METHODS

=head2 new

=head2 serialize

=head2 deserialize

=cut
