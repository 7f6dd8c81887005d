package URI::WithBase;

use 5.014;
use strict;
use warnings;

use Scalar::Util ();
use URI          ();

use overload '""' => sub { "$_[0][0]" }, '==' => sub { _same(@_) }, '!=' => sub { !_same(@_) }, fallback => 1;

our $VERSION = '5.17';
our $AUTOLOAD;

sub _same { return ref $_[0] && ref $_[1] && Scalar::Util::refaddr( $_[0] ) == Scalar::Util::refaddr( $_[1] ) }

sub new {
    my ( $class, $text, $base ) = @_;
    my $inner = $base;
    $inner = $inner->base while Scalar::Util::blessed($inner) && $inner->isa(__PACKAGE__) && $inner->[0] !~ /\A$URI::scheme_re:/o && $inner->base;
    $inner = $inner->[0] if Scalar::Util::blessed($inner) && $inner->isa(__PACKAGE__);
    my $uri = Scalar::Util::blessed($text) && $text->isa(__PACKAGE__) ? $text->[0] : $text;
    return bless [ URI->new( $uri, $inner ), $base ], $class;
}

sub new_abs {
    my ( $class, $text, $base ) = @_;
    return $class->new( $text, $base )->abs;
}

# What URI's constructor makes where the base is of this class.
sub _init {
    my ( $class, $text, $scheme ) = @_;
    return bless [ URI->new( $text, $scheme ), undef ], $class;
}

sub clone {
    my ($self) = @_;
    my $base = $self->[1];
    $base = $base->clone if ref $base;
    return bless [ $self->[0]->clone, $base ], ref $self;
}

sub base {
    my ( $self, @new ) = @_;
    my $base = $self->[1];
    if (@new) {
        my ($new) = @new;
        $new = $new->abs if ref $new && Scalar::Util::blessed($new) && $new->isa(__PACKAGE__);
        $self->[1] = $new;
    }
    return $base if !defined $base || ref $base;
    $base = URI->new($base);
    $self->[1] = $base if !@new;
    return $base;
}

sub eq {    ## no critic (ProhibitBuiltinHomonyms)
    my ( $self, $other ) = @_;
    $other = $other->[0] if Scalar::Util::blessed($other) && $other->isa(__PACKAGE__);
    return $self->[0]->eq($other);
}

sub abs {    ## no critic (ProhibitBuiltinHomonyms)
    my ( $self, $base, @rest ) = @_;
    $base = $self->base if !defined $base;
    return $self->clone if !defined $base;
    $base = URI->new($base) if !ref $base;
    $base = $base->abs if Scalar::Util::blessed($base) && $base->isa(__PACKAGE__);
    my $uri = $base;
    $uri = $uri->[0] if $uri->isa(__PACKAGE__);
    return bless [ $self->[0]->abs( $uri, @rest ), $base ], ref $self;
}

sub rel {
    my ( $self, $base ) = @_;
    $base = $self->base if !defined $base;
    return $self->clone if !defined $base;
    $base = URI->new($base) if !ref $base;
    my $uri = $base->isa(__PACKAGE__) ? $base->[0] : $base;
    return bless [ $self->[0]->rel($uri), $base ], ref $self;
}

sub can {
    my ( $self, $name ) = @_;
    return $self->SUPER::can($name) || ( ref $self ? $self->[0]->can($name) : undef );
}

sub AUTOLOAD {
    my $self = shift;
    ( my $name = $AUTOLOAD ) =~ s/.*:://;
    if ( !ref $self ) {
        require Carp;
        Carp::croak(qq(Can't locate object method "$name" via package "$self"));
    }
    return $self->[0]->$name(@_);
}
sub DESTROY { }

1;

__END__

=head1 NAME

URI::WithBase - addresses that know what they are relative to

=head1 SYNOPSIS

    use URI::WithBase;

    my $uri = URI::WithBase->new( '../other', 'http://www.example.org/list/' );
    print $uri->abs, "\n";

=head1 COVERED

All of it. Part of L<URI>.

=cut
